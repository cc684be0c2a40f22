# HMAC of the signed addresses and Message-IDs.
usher_link(channel_email_objects PUBLIC ext_openssl)
