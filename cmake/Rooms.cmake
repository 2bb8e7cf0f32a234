# One archive per room of src/house.txt. A room's archive brings along the rooms that it may enter and
# no others, so a unit test that reaches upwards does not link.

set(house ${CMAKE_CURRENT_SOURCE_DIR}/src/house.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${house})
file(STRINGS ${house} house_lines REGEX "^[a-z]")

# What a room needs from the system.
set(room_io_links PkgConfig::CARES Threads::Threads)
set(room_codec_links PkgConfig::IDN2 PkgConfig::ZLIB)

set(WEFT_ROOMS)
foreach(line IN LISTS house_lines)
    string(REGEX MATCH "^([a-z0-9]+):([^|]*)" matched "${line}")
    set(room ${CMAKE_MATCH_1})
    separate_arguments(below UNIX_COMMAND "${CMAKE_MATCH_2}")

    file(GLOB sources CONFIGURE_DEPENDS src/${room}/*.c)
    if(sources)
        add_library(room_${room} STATIC ${sources})
        target_include_directories(room_${room} PUBLIC src include)
        target_link_libraries(room_${room} PRIVATE weft_flags)
    else()
        add_library(room_${room} INTERFACE)
        target_include_directories(room_${room} INTERFACE src include)
    endif()

    foreach(name IN LISTS below)
        if(sources)
            target_link_libraries(room_${room} PUBLIC room_${name})
        else()
            target_link_libraries(room_${room} INTERFACE room_${name})
        endif()
    endforeach()
    if(sources AND room_${room}_links)
        target_link_libraries(room_${room} PUBLIC ${room_${room}_links})
    endif()
    if(sources)
        list(APPEND WEFT_ROOMS ${room})
    endif()
endforeach()
