# What somebody needs who writes a channel outside this tree: `cmake --install build --component channel-dev --prefix DIR` puts the header, the
# pkg-config file, the CMake package and an example there. Their version is the ABI's.
include(CMakePackageConfigHelpers)
file(STRINGS ${CMAKE_SOURCE_DIR}/include/usher/channel.h abi REGEX "^#define USHER_ABI_(MAJOR|MINOR) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2" USHER_ABI "${abi}")

set(usher_cmake ${CMAKE_INSTALL_LIBDIR}/cmake/usher-channel)
file(RELATIVE_PATH usher_up /${usher_cmake} /)
configure_file(conf/cmake/usher-channel-config.cmake.in kit/usher-channel-config.cmake @ONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/kit/usher-channel-config-version.cmake
	VERSION ${USHER_ABI} COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/kit/usher-channel-config.cmake
	${CMAKE_BINARY_DIR}/kit/usher-channel-config-version.cmake
	DESTINATION ${usher_cmake} COMPONENT channel-dev)
# Only now it is known where to: --prefix may differ from the one of the build.
install(CODE "set(USHER_ABI ${USHER_ABI})
	set(CMAKE_INSTALL_LIBDIR ${CMAKE_INSTALL_LIBDIR})
	configure_file(${CMAKE_SOURCE_DIR}/conf/cmake/usher-channel.pc.in ${CMAKE_BINARY_DIR}/kit/usher-channel.pc @ONLY)"
	COMPONENT channel-dev)
install(FILES ${CMAKE_BINARY_DIR}/kit/usher-channel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT channel-dev)
install(FILES include/usher/channel.h DESTINATION include/usher COMPONENT channel-dev)
install(FILES conf/examples/channel/line.c conf/examples/channel/CMakeLists.txt channels/hello/hello.c
	DESTINATION share/usher/examples/channel COMPONENT channel-dev)
install(FILES channels/README.md DESTINATION share/doc/usher-channel COMPONENT channel-dev)
