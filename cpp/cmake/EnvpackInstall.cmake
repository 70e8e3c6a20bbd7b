# `cmake --install` and find_package(envpack): every library as envpack::<name>, and envpack::envpack
# for all of them (envpack::pipeline, the top of the table).
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY ENVPACK_LIBRARIES)
set(destination ${CMAKE_INSTALL_LIBDIR}/cmake/envpack)

install(TARGETS ${libraries} EXPORT envpack-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT envpack_development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cpp/include/envpack
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT envpack_development)
install(EXPORT envpack-targets NAMESPACE envpack:: DESTINATION ${destination}
        COMPONENT envpack_development)

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/envpack-config.cmake.in ${PROJECT_BINARY_DIR}/envpack-config.cmake
  INSTALL_DESTINATION ${destination})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/envpack-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/envpack-config.cmake
  ${PROJECT_BINARY_DIR}/envpack-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/EnvpackDependencies.cmake
  DESTINATION ${destination} COMPONENT envpack_development)
