# The program weft and the site inside it.

pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)

set(site_folder ${PROJECT_SOURCE_DIR}/site)
set(site_source ${PROJECT_BINARY_DIR}/site/site_files.c)
file(GLOB_RECURSE site_assets CONFIGURE_DEPENDS ${site_folder}/*)
add_custom_command(OUTPUT ${site_source}
    COMMAND ${CMAKE_COMMAND} -D FOLDER=${site_folder} -D OUT=${site_source}
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedSite.cmake
    DEPENDS ${site_assets} ${PROJECT_SOURCE_DIR}/cmake/EmbedSite.cmake
    COMMENT "Embedding the site"
    VERBATIM)

# All but main() is an archive, so that the unit tests can link one part.
file(GLOB program_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.c)
list(REMOVE_ITEM program_sources ${PROJECT_SOURCE_DIR}/cli/main.c)
add_library(weft_program_parts STATIC ${program_sources} ${site_source})
target_include_directories(weft_program_parts PRIVATE ${PROJECT_SOURCE_DIR}/cli)
target_link_libraries(weft_program_parts
    PRIVATE weft_flags PUBLIC weft_static PkgConfig::JANSSON PkgConfig::EDIT m)

add_executable(weft_program ${PROJECT_SOURCE_DIR}/cli/main.c)
set_target_properties(weft_program PROPERTIES OUTPUT_NAME weft)
target_link_libraries(weft_program PRIVATE weft_flags weft_program_parts)
