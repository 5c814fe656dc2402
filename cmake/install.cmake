# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: the runtime, the generator with its CMake module, and evo.fbs, so that
# find_package(EvoChannels CONFIG) provides what the source tree provides.
#
# The components, for `cmake --install --component`:
#   runtime   the shared library, if BUILD_SHARED_LIBS is on, and the license
#   dev       headers, the static library or the link libevo_runtime.so, package files, the generator
#   tools     evo-shm with its man page, completions and unit; see tools/CMakeLists.txt

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME dev)
set(EVO_INSTALL_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/EvoChannels)
set(EVO_INSTALL_DATA_DIR ${CMAKE_INSTALL_DATADIR}/evo_channels)
set(EVO_INSTALL_CODEGEN_DIR ${EVO_INSTALL_DATA_DIR}/codegen)

# The warnings apply to this project only, so consumers do not need their target.
foreach(target evo_runtime evo_testing evo_links)
  get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
  list(FILTER libraries EXCLUDE REGEX evo_warnings)
  set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${libraries}")
endforeach()

install(TARGETS evo_runtime evo_testing evo_links EXPORT EvoChannelsTargets
  LIBRARY COMPONENT runtime NAMELINK_COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/ ${PROJECT_SOURCE_DIR}/runtime/testing/include/
  ${PROJECT_SOURCE_DIR}/links/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")
install(EXPORT EvoChannelsTargets NAMESPACE evo:: DESTINATION ${EVO_INSTALL_CMAKE_DIR})

# The generator looks for evo.fbs in ../schemas, here as in the source tree.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/codegen/evo_codegen
  DESTINATION ${EVO_INSTALL_CODEGEN_DIR}
  FILES_MATCHING PATTERN "*.py" PATTERN "*.j2" PATTERN "*.txt" PATTERN "__pycache__" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/codegen/EvoCodegen.cmake
  DESTINATION ${EVO_INSTALL_CODEGEN_DIR})
install(FILES ${PROJECT_SOURCE_DIR}/schemas/evo.fbs DESTINATION ${EVO_INSTALL_DATA_DIR}/schemas)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/evo-channels
  COMPONENT runtime)

# For projects without CMake. The file derives the prefix from its own location, so the installation can be moved.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" EVO_PREFIX_FROM_PKGCONFIG "${up}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/evo-channels.pc.in ${PROJECT_BINARY_DIR}/cmake/evo-channels.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/evo-channels.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

find_package(fmt REQUIRED)  # for fmt_VERSION in the package file
set(EVO_CODEGEN_LOCATION ${EVO_INSTALL_CODEGEN_DIR})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/EvoChannelsConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/EvoChannelsConfig.cmake
  INSTALL_DESTINATION ${EVO_INSTALL_CMAKE_DIR}
  PATH_VARS EVO_CODEGEN_LOCATION)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/EvoChannelsConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cmake/EvoChannelsConfig.cmake
  ${PROJECT_BINARY_DIR}/EvoChannelsConfigVersion.cmake
  DESTINATION ${EVO_INSTALL_CMAKE_DIR})

# The same from the build tree, without installing: -DEvoChannels_DIR=build/<preset>.
export(EXPORT EvoChannelsTargets NAMESPACE evo:: FILE ${PROJECT_BINARY_DIR}/EvoChannelsTargets.cmake)
set(EVO_CODEGEN_LOCATION ${PROJECT_SOURCE_DIR}/codegen)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/EvoChannelsConfig.cmake.in
  ${PROJECT_BINARY_DIR}/EvoChannelsConfig.cmake
  INSTALL_DESTINATION ${PROJECT_BINARY_DIR}
  INSTALL_PREFIX ${PROJECT_BINARY_DIR}
  PATH_VARS EVO_CODEGEN_LOCATION)
