# The libraries that users link: weft (shared), weft_static, and weft_core, the protocol without I/O.
# Each source file is compiled once, in its room; the libraries only collect the objects.

set(core_rooms base codec ws)

function(weft_library target type output_name)
    set(objects)
    foreach(room IN LISTS ARGN)
        if(room IN_LIST WEFT_ROOMS)
            list(APPEND objects $<TARGET_OBJECTS:room_${room}>)
        endif()
    endforeach()
    add_library(${target} ${type} ${objects})
    target_include_directories(${target} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${output_name}
        LINKER_LANGUAGE C
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR})
    add_library(weft::${target} ALIAS ${target})
endfunction()

weft_library(weft SHARED weft ${WEFT_ROOMS})
weft_library(weft_static STATIC weft ${WEFT_ROOMS})
weft_library(weft_core STATIC weft_core ${core_rooms})

set(system_libraries PkgConfig::CARES PkgConfig::IDN2 PkgConfig::ZLIB Threads::Threads)
if(WEFT_TLS)
    list(APPEND system_libraries PkgConfig::OPENSSL)
endif()
target_link_libraries(weft PRIVATE weft_flags ${system_libraries})
target_link_libraries(weft_static INTERFACE ${system_libraries})
target_link_libraries(weft_core INTERFACE PkgConfig::IDN2 PkgConfig::ZLIB)
