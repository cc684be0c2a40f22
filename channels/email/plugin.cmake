# HMAC of the signed addresses and Message-IDs.
usher_link(channel_email_objects PUBLIC ext_openssl)
# The test of the whole plugin runs on a host in memory; its target exists once all folders are read.
if(USHER_TESTS)
	cmake_language(DEFER CALL target_sources unit_channels_email_channel PRIVATE
		${CMAKE_CURRENT_SOURCE_DIR}/channels/email/tests/fake_host.c)
endif()
# Their fuzzers are among the others and link what they try.
if(USHER_FUZZ)
	cmake_language(DEFER CALL target_link_libraries fuzz_address PRIVATE channel_email_objects)
	cmake_language(DEFER CALL target_link_libraries fuzz_dsn PRIVATE channel_email_objects)
	cmake_language(DEFER CALL target_link_libraries fuzz_headers PRIVATE channel_email_objects)
	cmake_language(DEFER CALL target_link_libraries fuzz_lmtp PRIVATE channel_email_objects)
	cmake_language(DEFER CALL target_link_libraries fuzz_mail PRIVATE channel_email_objects)
	cmake_language(DEFER CALL target_link_libraries fuzz_mime PRIVATE channel_email_objects)
endif()
