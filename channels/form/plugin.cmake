# HMAC and hash of the form's stamps.
usher_link(channel_form_objects PUBLIC ext_openssl)
# What its pages and those of other sites load.
usher_embed(channel_form_objects ${CMAKE_CURRENT_LIST_DIR}/script.js form_script)
