# make install, pkg-config files and the CMake package.

include(CMakePackageConfigHelpers)

# The prefix is known only when it is installed: cmake --install has an option for it.
if(WEFT_TLS)
    set(pc_openssl " openssl")
endif()
set(prefix_when_installed @CMAKE_INSTALL_PREFIX@)
foreach(module weft weft_core)
    configure_file(cmake/${module}.pc.in ${module}.pc.in @ONLY)
    install(CODE "configure_file(\"${PROJECT_BINARY_DIR}/${module}.pc.in\" \"${PROJECT_BINARY_DIR}/${module}.pc\" @ONLY)")
    install(FILES ${PROJECT_BINARY_DIR}/${module}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(TARGETS weft weft_static weft_core EXPORT weftTargets)
install(EXPORT weftTargets NAMESPACE weft:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft)
install(DIRECTORY include/weft DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

configure_package_config_file(cmake/weftConfig.cmake.in weftConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(weftConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weftConfig.cmake ${PROJECT_BINARY_DIR}/weftConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft)

if(TARGET weft_program)
    install(TARGETS weft_program)
endif()
file(GLOB man_pages CONFIGURE_DEPENDS docs/man/*.1)
install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
