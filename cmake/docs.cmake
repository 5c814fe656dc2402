# SPDX-License-Identifier: Apache-2.0
# The target `docs`: the runtime's API reference as HTML, in docs/ of the build tree.

find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()

add_custom_target(docs
  COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/docs
  COMMAND ${CMAKE_COMMAND} -E env EVO_DOCS_DIR=${PROJECT_BINARY_DIR}/docs EVO_VERSION=${PROJECT_VERSION}
    $<TARGET_FILE:Doxygen::doxygen> docs/Doxyfile
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMENT "Writing the reference to ${PROJECT_BINARY_DIR}/docs/html/index.html"
  VERBATIM)
