# Libraries from outside, as targets named ext_<name>. src/README.md says what each is for.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(usher_package name)
	pkg_check_modules(ext_${name} REQUIRED IMPORTED_TARGET GLOBAL ${ARGN})
	add_library(ext_${name} INTERFACE)
	target_link_libraries(ext_${name} INTERFACE PkgConfig::ext_${name})
endfunction()

usher_package(libevent libevent_core libevent_openssl)
usher_package(openssl openssl)
usher_package(hiredis hiredis)
usher_package(utf8proc libutf8proc)
usher_package(pcre2 libpcre2-8)
usher_package(jansson jansson)
usher_package(yaml yaml-0.1 libcyaml)
usher_package(ical libical)
usher_package(gmime gmime-3.0)
usher_package(curl libcurl)
usher_package(cjose cjose)

# No .pc file in Debian.
find_path(STEMMER_INCLUDE libstemmer.h REQUIRED)
find_library(STEMMER_LIBRARY stemmer REQUIRED)
add_library(ext_stemmer INTERFACE)
target_include_directories(ext_stemmer SYSTEM INTERFACE ${STEMMER_INCLUDE})
target_link_libraries(ext_stemmer INTERFACE ${STEMMER_LIBRARY})

# llhttp: C sources in Debian's node-llhttp; newer systems have a library. Include <llhttp.h>.
find_path(LLHTTP_SOURCE llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH)
add_library(ext_llhttp INTERFACE)
if(LLHTTP_SOURCE AND LLHTTP_INCLUDE)
	add_library(llhttp STATIC
		${LLHTTP_SOURCE}/api.c ${LLHTTP_SOURCE}/http.c ${LLHTTP_SOURCE}/llhttp.c)
	target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
	target_compile_options(llhttp PRIVATE -w -O2)
	target_compile_definitions(llhttp PRIVATE LLHTTP_STRICT_MODE=1)
	target_link_libraries(ext_llhttp INTERFACE llhttp)
else()
	pkg_check_modules(LLHTTP REQUIRED IMPORTED_TARGET GLOBAL libllhttp)
	target_link_libraries(ext_llhttp INTERFACE PkgConfig::LLHTTP)
endif()

# cmocka only where tests are wanted.
pkg_check_modules(CMOCKA IMPORTED_TARGET GLOBAL cmocka)
