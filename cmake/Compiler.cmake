# How every C file of the project is compiled.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_package(Threads REQUIRED)

# Carried by every target of the project; installed targets link it PRIVATE.
add_library(weft_flags INTERFACE)
target_compile_definitions(weft_flags INTERFACE _GNU_SOURCE)
target_compile_options(weft_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
    $<$<BOOL:${WEFT_WERROR}>:-Werror>
    # Tables of legal moves, which only asserts look into.
    $<$<CONFIG:Release>:-Wno-unused-const-variable>
    -fno-semantic-interposition)

if(WEFT_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "WEFT_FUZZ needs clang: libFuzzer is part of it")
    endif()
    target_compile_options(weft_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(WEFT_SANITIZE)
    target_compile_options(weft_flags INTERFACE
        -fsanitize=${WEFT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
        # gcc loses the range of numbers among the sanitizer's checks, and warns of what cannot be.
        $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
    target_link_options(weft_flags INTERFACE -fsanitize=${WEFT_SANITIZE})
endif()
