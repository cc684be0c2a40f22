# HMAC and hash of the form's stamps.
usher_link(channel_form_objects PUBLIC ext_openssl)
