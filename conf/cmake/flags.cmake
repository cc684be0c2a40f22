# The compiler's and the linker's flags, in interface libraries that every target of ours links:
#   usher_warnings  what we write must be clean under gcc and clang
#   usher_flags     warnings + hardening (OpenSSF guide) or sanitizers
# Other people's sources (llhttp) link neither.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(usher_warnings INTERFACE)
target_compile_options(usher_warnings INTERFACE
	-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wswitch-enum -Werror
	-Wformat=2 -Wimplicit-fallthrough)

add_library(usher_flags INTERFACE)
target_link_libraries(usher_flags INTERFACE usher_warnings)
target_compile_definitions(usher_flags INTERFACE _GNU_SOURCE)

# What every build wants; a flag that this compiler does not know is left out.
function(usher_flag_if_known flag)
	string(MAKE_C_IDENTIFIER "have${flag}" have)
	check_c_compiler_flag("${flag}" ${have})
	if(${have})
		target_compile_options(usher_flags INTERFACE "${flag}")
	endif()
endfunction()
foreach(flag -fno-delete-null-pointer-checks -fno-strict-overflow -ftrivial-auto-var-init=zero)
	usher_flag_if_known(${flag})
endforeach()

set(sanitizers "")
if(USHER_FUZZ)
	if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
		message(FATAL_ERROR "USHER_FUZZ needs clang: cmake -DCMAKE_C_COMPILER=clang")
	endif()
	set(sanitizers -fsanitize=fuzzer-no-link,address,undefined)
elseif(USHER_SANITIZE)
	set(sanitizers -fsanitize=address,undefined)
endif()

if(sanitizers)
	target_compile_options(usher_flags INTERFACE ${sanitizers}
		-O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
	target_link_options(usher_flags INTERFACE ${sanitizers})
else()
	target_compile_options(usher_flags INTERFACE -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
	usher_flag_if_known(-fstack-protector-strong)
	usher_flag_if_known(-fstack-clash-protection)
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86")
		usher_flag_if_known(-fcf-protection)
	endif()
endif()
target_link_options(usher_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
