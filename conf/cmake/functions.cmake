# How a folder becomes a target. A folder that has no source yet is passed over.

# usher_library(NAME LIBRARIES...): src/NAME/*.c without main.c → libusher_NAME.a.
# Of LIBRARIES those that do not exist (folders without sources) are left out.
function(usher_library name)
	file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
	list(FILTER sources EXCLUDE REGEX "/main\\.c$")
	if(NOT sources)
		return()
	endif()
	add_library(usher_${name} STATIC ${sources})
	target_include_directories(usher_${name} PUBLIC
		${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
	target_link_libraries(usher_${name} PUBLIC usher_flags)
	usher_link(usher_${name} PUBLIC ${ARGN})
endfunction()

# Links what exists: usher_link(target PUBLIC|PRIVATE libraries...).
function(usher_link target scope)
	foreach(lib ${ARGN})
		if(TARGET ${lib})
			target_link_libraries(${target} ${scope} ${lib})
		endif()
	endforeach()
endfunction()

# usher_program(NAME FOLDER LIBRARIES...): FOLDER/main.c → build/NAME.
function(usher_program name folder)
	file(GLOB main CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/main.c)
	if(NOT main)
		return()
	endif()
	add_executable(${name} ${CMAKE_SOURCE_DIR}/${folder}/main.c)
	target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
	target_link_libraries(${name} PRIVATE usher_flags)
	usher_link(${name} PRIVATE ${ARGN})
	install(TARGETS ${name} RUNTIME)
endfunction()

# usher_channel(NAME LIBRARIES...): channels/NAME/*.c → build/channels/NAME.so. It sees include/, channels/kit/
# (compiled into those whose .may_include names it) and nothing of src/. channels/NAME/plugin.cmake, when there, may add to the targets
# channel_NAME_objects (sources, usher_embed) and channel_NAME (the module).
# channels/NAME/tests/test_*.c become ctest entries unit/channels/NAME/*, fuzz_*.c fuzzers.
function(usher_channel name)
	set(dir ${CMAKE_SOURCE_DIR}/channels/${name})
	file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.c)
	if(NOT sources)
		return()
	endif()
	set(objects channel_${name}_objects)
	file(STRINGS ${dir}/.may_include kit REGEX "^kit$")
	if(kit)
		file(GLOB kit CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/channels/kit/*.c)
	endif()
	add_library(${objects} OBJECT ${sources} ${kit})
	target_include_directories(${objects} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/channels PRIVATE ${dir})
	set_target_properties(${objects} PROPERTIES C_VISIBILITY_PRESET hidden)
	target_link_libraries(${objects} PUBLIC usher_flags Threads::Threads)
	usher_link(${objects} PUBLIC ${ARGN})

	add_library(channel_${name} MODULE)
	target_link_libraries(channel_${name} PRIVATE ${objects})
	set_target_properties(channel_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
		LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/channels)
	if(NOT USHER_SANITIZE AND NOT USHER_FUZZ)
		target_link_options(channel_${name} PRIVATE -Wl,-z,defs)
	endif()
	install(TARGETS channel_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/usher/channels)
	file(GLOB more CONFIGURE_DEPENDS ${dir}/plugin.cmake)
	if(more)
		include(${more})
	endif()

	file(GLOB fuzzers CONFIGURE_DEPENDS ${dir}/tests/fuzz_*.c)
	foreach(fuzzer ${fuzzers})
		usher_fuzzer(${fuzzer} ${objects})
	endforeach()
	file(GLOB tests CONFIGURE_DEPENDS ${dir}/tests/test_*.c)
	foreach(test ${tests})
		usher_test(unit channels/${name} ${test} ${objects})
		usher_test_name(target unit channels/${name} ${test})
		if(TARGET ${target})
			target_include_directories(${target} PRIVATE ${dir})
		endif()
	endforeach()
endfunction()

# usher_embed(target file symbol): the bytes of `file` linked into `target`; use them with
#   extern const unsigned char symbol[]; extern const size_t symbol_size;
function(usher_embed target file symbol)
	get_filename_component(file ${file} ABSOLUTE)
	set(out ${CMAKE_BINARY_DIR}/embed/${target}/${symbol}.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/embed/${target}
		COMMAND sh ${CMAKE_SOURCE_DIR}/conf/cmake/embed.sh ${file} ${symbol} > ${out}
		DEPENDS ${file} ${CMAKE_SOURCE_DIR}/conf/cmake/embed.sh
		COMMENT "Embedding ${symbol}" VERBATIM)
	target_sources(${target} PRIVATE ${out})
endfunction()

# usher_web(NAME SOURCE): SOURCE/package.json → build/web/NAME by `OUT=... npm run build`, again
# only when a file at the top of SOURCE, in src/ or in public/ changed. Target web_NAME.
function(usher_web name source)
	set(dir ${CMAKE_SOURCE_DIR}/${source})
	file(GLOB package CONFIGURE_DEPENDS ${dir}/package.json)
	if(NOT package)
		return()
	endif()
	# Not ${dir}/*: node_modules has thousands of files and they are not ours.
	file(GLOB files CONFIGURE_DEPENDS
		${dir}/*.json ${dir}/*.mjs ${dir}/*.js ${dir}/*.ts ${dir}/*.html ${dir}/*.css)
	file(GLOB_RECURSE more CONFIGURE_DEPENDS ${dir}/src/* ${dir}/public/*)
	set(stamp ${CMAKE_BINARY_DIR}/web/${name}.stamp)
	add_custom_command(OUTPUT ${stamp}
		COMMAND sh ${CMAKE_SOURCE_DIR}/conf/cmake/web.sh ${dir} ${CMAKE_BINARY_DIR}/web/${name}
		COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
		DEPENDS ${files} ${more} ${CMAKE_SOURCE_DIR}/conf/cmake/web.sh
		COMMENT "Building the browser half ${source}" VERBATIM)
	add_custom_target(web_${name} ALL DEPENDS ${stamp})
	install(DIRECTORY ${CMAKE_BINARY_DIR}/web/${name} DESTINATION share/usher/web)
endfunction()

# The target's name for a test file: unit/base + test_str.c → unit_base_str.
function(usher_test_name out kind folder file)
	get_filename_component(name ${file} NAME_WE)
	string(REGEX REPLACE "^test_" "" name ${name})
	string(MAKE_C_IDENTIFIER "${kind}_${folder}_${name}" target)
	set(${out} ${target} PARENT_SCOPE)
endfunction()

# usher_test(KIND FOLDER FILE LIBRARIES...): one cmocka program and its ctest entry KIND/FOLDER/NAME.
function(usher_test kind folder file)
	if(NOT USHER_TESTS)
		return()
	endif()
	usher_test_name(target "${kind}" "${folder}" ${file})
	get_filename_component(name ${file} NAME_WE)
	string(REGEX REPLACE "^test_" "" name ${name})
	string(REGEX REPLACE "//+" "/" entry "${kind}/${folder}/${name}")
	add_executable(${target} ${file})
	target_include_directories(${target} PRIVATE
		${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/tests)
	target_link_libraries(${target} PRIVATE usher_flags PkgConfig::CMOCKA)
	usher_link(${target} PRIVATE ${ARGN})
	set_target_properties(${target} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/${kind}/${folder})
	add_test(NAME ${entry} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	set_tests_properties(${entry} PROPERTIES TIMEOUT 300 LABELS ${kind})
endfunction()

# usher_fuzzer(FILE LIBRARIES...): fuzz_NAME.c → build/tests/fuzz/fuzz_NAME, when fuzzers are built.
function(usher_fuzzer file)
	if(NOT USHER_FUZZ)
		return()
	endif()
	get_filename_component(name ${file} NAME_WE)
	get_filename_component(dir ${file} DIRECTORY)
	add_executable(${name} ${file})
	target_include_directories(${name} PRIVATE ${dir}/..
		${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/channels ${CMAKE_SOURCE_DIR}/tests)
	target_link_libraries(${name} PRIVATE usher_flags)
	target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	usher_link(${name} PRIVATE ${ARGN})
	set_target_properties(${name} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
endfunction()
