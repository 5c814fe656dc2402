# SPDX-License-Identifier: Apache-2.0
# evo_add_segments: an INTERFACE library from schemas.   evo_module: names a target's module.
# Documentation: the comment above each function below, and codegen/README.md.
#
# EVO_REQUIRE_MODULES, a variable: see evo_module.
# Cache variables: EVO_PYTHON, an interpreter with jinja2 and flatbuffers; EVO_FLATC, the schema
# compiler. Both are found automatically if Debian's packages are installed.

include_guard(GLOBAL)

cmake_policy(PUSH)
cmake_policy(VERSION 3.25)

# In the cache, because the functions below are called from other directories.
set(EVO_CODEGEN_DIR ${CMAKE_CURRENT_LIST_DIR} CACHE INTERNAL "Directory of the generator")

# Sets EVO_PYTHON to the first interpreter that can run the generator. The python3 on the PATH may
# lack the modules (pyenv, conda) although Debian's has them.
function(_evo_find_python)
  if(EVO_PYTHON)
    set(candidates ${EVO_PYTHON})
  else()
    set(candidates ${Python3_EXECUTABLE} python3 /usr/bin/python3 /usr/local/bin/python3)
  endif()
  set(tried "")
  foreach(candidate IN LISTS candidates)
    execute_process(
      COMMAND ${candidate} -P -c "import jinja2, flatbuffers, sys; assert sys.version_info >= (3, 11)"
      RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE problem)
    if(result EQUAL 0)
      set(EVO_PYTHON ${candidate} CACHE STRING "Python with jinja2 and flatbuffers")
      return()
    endif()
    string(REGEX REPLACE "\n+$" "" problem "${problem}")
    string(REGEX REPLACE ".*\n" "" problem "${problem}")
    string(APPEND tried "\n  ${candidate}: ${result} ${problem}")
  endforeach()
  message(FATAL_ERROR
    "The generator of EVO Channels needs Python 3.11 or later with the modules jinja2 and "
    "flatbuffers. Install the Debian packages python3-jinja2 and python3-flatbuffers, or name an "
    "interpreter with -DEVO_PYTHON=. Tried:${tried}")
endfunction()

define_property(TARGET PROPERTY EVO_REQUIRE_MODULES INITIALIZE_FROM_VARIABLE EVO_REQUIRE_MODULES
  BRIEF_DOCS "Only with evo_module may the target create writers")

_evo_find_python()
find_program(EVO_FLATC flatc DOC "Schema compiler of FlatBuffers")
if(NOT EVO_FLATC)
  message(FATAL_ERROR
    "The generator of EVO Channels needs flatc. Install the Debian package flatbuffers-compiler, "
    "or name the program with -DEVO_FLATC=.")
endif()

# With the PYTHONPATH under which the interpreter was found; -P, so that Python does not import a
# user's file. Compiled Python goes to the build tree: the source tree may be read-only.
set(EVO_GENERATOR_COMMAND
  ${CMAKE_COMMAND} -E env
  "PYTHONPATH=$ENV{PYTHONPATH}" PYTHONPYCACHEPREFIX=${CMAKE_BINARY_DIR}/evo_codegen_cache
  ${EVO_PYTHON} -P ${EVO_CODEGEN_DIR}/evo_codegen --flatc ${EVO_FLATC}
  CACHE INTERNAL "How to run the generator")

file(GLOB files CONFIGURE_DEPENDS
  ${EVO_CODEGEN_DIR}/evo_codegen/*.py ${EVO_CODEGEN_DIR}/evo_codegen/templates/*.j2
  ${EVO_CODEGEN_DIR}/evo_codegen/*.txt)
set(EVO_GENERATOR_FILES ${files} CACHE INTERNAL "What the generator consists of")

# evo_add_segments(<target>
#   SCHEMAS <file.fbs>...      each becomes a header: a/b.fbs is #include <b.evo.hpp>, which
#                              includes b.bfbs.hpp, the compiled schema
#   [INCLUDES <dir>...]        where `include "x.fbs"` is looked up, besides the schema's directory
#   [LOCK <file.json>]         compare the layouts with the released ones in this schema lock
#   [OUTPUT_DIR <dir>])        relative to the current binary directory; default: <target>_generated
#
# Creates an INTERFACE library with the headers; it links evo::runtime and, if a schema declares a
# link, evo::links. One command generates all
# headers, and runs again when a schema, an included schema, the lock or the generator changes. A
# header whose contents stay the same keeps its mtime, so files that include it are not recompiled.
#
# To install the library: install(TARGETS <target> EXPORT <name> FILE_SET HEADERS). A project that
# uses the installed library must call find_package(EvoChannels) first.
function(evo_add_segments target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LOCK;OUTPUT_DIR" "SCHEMAS;INCLUDES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "evo_add_segments(${target}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "evo_add_segments(${target}): ${arg_KEYWORDS_MISSING_VALUES} has no value")
  endif()
  if(NOT arg_SCHEMAS)
    message(FATAL_ERROR "evo_add_segments(${target}): name at least one schema after SCHEMAS")
  endif()

  if(NOT arg_OUTPUT_DIR)
    set(arg_OUTPUT_DIR ${CMAKE_CURRENT_BINARY_DIR}/${target}_generated)
  endif()
  cmake_path(ABSOLUTE_PATH arg_OUTPUT_DIR BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} NORMALIZE)
  set(stamp_dir ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}_evo)
  file(MAKE_DIRECTORY ${arg_OUTPUT_DIR} ${stamp_dir})

  set(options --output-dir ${arg_OUTPUT_DIR})
  set(directories "")
  foreach(directory IN LISTS arg_INCLUDES)
    cmake_path(ABSOLUTE_PATH directory BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    list(APPEND options -I ${directory})
    list(APPEND directories ${directory})
  endforeach()
  set(lock_options "")
  if(arg_LOCK)
    cmake_path(ABSOLUTE_PATH arg_LOCK BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    if(NOT EXISTS ${arg_LOCK})
      message(FATAL_ERROR
        "evo_add_segments(${target}): schema lock ${arg_LOCK} does not exist. Create it with: "
        "PYTHONPATH=${EVO_CODEGEN_DIR} ${EVO_PYTHON} -m evo_codegen --output-dir ${arg_OUTPUT_DIR} "
        "--lock ${arg_LOCK} --update-lock SCHEMA...")
    endif()
    set(lock_options --lock ${arg_LOCK})
  endif()

  _evo_with_included(all_schemas "${directories}" ${arg_SCHEMAS})
  set(schemas "")
  set(headers "")
  foreach(schema IN LISTS all_schemas)
    cmake_path(GET schema STEM LAST_ONLY name)
    if(name STREQUAL "evo" OR schema IN_LIST schemas)
      continue()
    endif()
    get_source_file_property(generated ${schema} GENERATED)
    if(NOT EXISTS ${schema} AND NOT generated)
      message(FATAL_ERROR "evo_add_segments(${target}): schema ${schema} does not exist")
    endif()
    set(header ${arg_OUTPUT_DIR}/${name}.evo.hpp)
    if(header IN_LIST headers)
      message(FATAL_ERROR
        "evo_add_segments(${target}): two schemas would generate ${name}.evo.hpp; rename one "
        "of them")
    endif()
    get_property(maker GLOBAL PROPERTY EVO_MAKER_OF_${header})
    if(maker)
      message(FATAL_ERROR
        "evo_add_segments(${target}): ${maker} also generates ${header}; give one of them "
        "another OUTPUT_DIR")
    endif()
    set_property(GLOBAL PROPERTY EVO_MAKER_OF_${header} ${target})
    list(APPEND schemas ${schema})
    list(APPEND headers ${header} ${arg_OUTPUT_DIR}/${name}.bfbs.hpp)
  endforeach()
  if(NOT schemas)
    message(FATAL_ERROR "evo_add_segments(${target}): name a schema besides evo.fbs")
  endif()

  # Ninja knows the headers as outputs. With make, a header may be older than the schemas, so the
  # stamp depends on the headers: a missing header makes the command run again.
  set(header_option "")
  if(NOT CMAKE_GENERATOR MATCHES "Ninja")
    set(header_option --depend-on-headers)
  endif()
  set(stamp ${stamp_dir}/generated.stamp)
  set(inventory ${stamp_dir}/segments)
  add_custom_command(
    OUTPUT ${stamp}
    BYPRODUCTS ${headers} ${inventory}
    COMMAND ${EVO_GENERATOR_COMMAND} ${options} ${lock_options} ${header_option}
            --inventory ${inventory} --stamp ${stamp} --depfile ${stamp}.d ${schemas}
    DEPENDS ${schemas} ${arg_LOCK} ${EVO_GENERATOR_FILES}
    DEPFILE ${stamp}.d
    COMMENT "Generating the headers of ${target}"
    VERBATIM)
  add_custom_target(${target}_generate DEPENDS ${stamp})

  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_generate)
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS ${arg_OUTPUT_DIR} FILES ${headers})
  target_link_libraries(${target} INTERFACE evo::runtime)
  _evo_declares_links(links ${schemas})
  if(links)
    target_link_libraries(${target} INTERFACE evo::links)
  endif()
  _evo_compare_segments(${target} ${inventory})
endfunction()

# Returns whether one of the schemas declares a link.
function(_evo_declares_links result)
  set(found "")
  foreach(schema IN LISTS ARGN)
    if(EXISTS ${schema})
      file(STRINGS ${schema} lines REGEX "^[ \t]*rpc_service[ \t]")
      list(APPEND found ${lines})
      # A service that is added later needs another library.
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema})
    endif()
  endforeach()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# Returns the schemas and those that they include, as absolute paths. A schema that was included only
# after the last configuration also becomes a header, but CMake does not know that header.
function(_evo_with_included result directories)
  set(waiting "")
  foreach(schema IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH schema BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    list(APPEND waiting ${schema})
  endforeach()
  set(found "")
  while(waiting)
    list(POP_FRONT waiting schema)
    if(schema IN_LIST found)
      continue()
    endif()
    list(APPEND found ${schema})
    if(NOT EXISTS ${schema})
      continue()  # the generator reports it
    endif()
    cmake_path(GET schema PARENT_PATH here)
    file(STRINGS ${schema} lines REGEX "^[ \t]*include[ \t]*\"[^\"]+\"")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[ \t]*include[ \t]*\"([^\"]+)\".*" "\\1" name "${line}")
      foreach(directory IN LISTS here directories)
        cmake_path(APPEND directory ${name} OUTPUT_VARIABLE included)
        cmake_path(NORMAL_PATH included)
        if(EXISTS ${included})
          list(APPEND waiting ${included})
          break()
        endif()
      endforeach()
    endforeach()
  endwhile()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# No two targets may declare the same segment. One command at the end of the build compares their
# inventories; no target depends on it, so no target waits for another.
function(_evo_compare_segments target inventory)
  get_property(targets GLOBAL PROPERTY EVO_SEGMENT_TARGETS)
  if(NOT targets)
    cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL _evo_add_comparison)
  endif()
  set_property(GLOBAL APPEND PROPERTY EVO_SEGMENT_TARGETS ${target}_generate)
  set_property(GLOBAL APPEND PROPERTY EVO_SEGMENT_INVENTORIES ${inventory})
endfunction()

function(_evo_add_comparison)
  get_property(targets GLOBAL PROPERTY EVO_SEGMENT_TARGETS)
  get_property(inventories GLOBAL PROPERTY EVO_SEGMENT_INVENTORIES)
  list(LENGTH targets count)
  if(count LESS 2)
    return()
  endif()
  set(stamp ${CMAKE_BINARY_DIR}/CMakeFiles/evo_segments.stamp)
  add_custom_command(
    OUTPUT ${stamp}
    COMMAND ${EVO_GENERATOR_COMMAND} --compare-inventories --stamp ${stamp} ${inventories}
    DEPENDS ${inventories} ${EVO_GENERATOR_FILES}
    COMMENT "Comparing the segments of all targets"
    VERBATIM)
  add_custom_target(evo_compare_segments ALL DEPENDS ${stamp})
  add_dependencies(evo_compare_segments ${targets})
endfunction()

# evo_module(<target> <module>): declares the target to be that module. It then does not compile if it
# creates the writer of a segment that another module owns. A target without a module may create any
# writer, unless the variable EVO_REQUIRE_MODULES was on when the target was created: then none.
function(evo_module target module)
  if(NOT module MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR
      "evo_module(${target} ${module}): a module's name is a lower-case letter, then lower-case "
      "letters, digits or underscores")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "evo_module(${target} ${module}): there is no target ${target}")
  endif()
  get_target_property(aliased ${target} ALIASED_TARGET)
  if(aliased)
    message(FATAL_ERROR
      "evo_module(${target} ${module}): ${target} is an alias; name ${aliased} itself")
  endif()
  get_target_property(imported ${target} IMPORTED)
  if(imported)
    message(FATAL_ERROR
      "evo_module(${target} ${module}): ${target} is imported, so it is compiled elsewhere")
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    message(FATAL_ERROR "evo_module(${target} ${module}): ${target} has no sources of its own")
  endif()
  get_target_property(other ${target} EVO_MODULE)
  if(other AND NOT other STREQUAL module)
    message(FATAL_ERROR "evo_module(${target} ${module}): ${target} is already module ${other}")
  endif()
  set_target_properties(${target} PROPERTIES EVO_MODULE ${module})
  if(NOT other)
    target_compile_definitions(${target} PRIVATE "EVO_MODULE=\"${module}\"")
  endif()
endfunction()

cmake_policy(POP)
