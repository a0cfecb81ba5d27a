# SPDX-License-Identifier: GPL-2.0-only
# Commands and what they share.
#
#   iovafuzz_tool_library(name SOURCES file... LIBRARIES library...)  a floor of src/tool
#   iovafuzz_command(file... USES library...)                         triage/[group/]name.cc and
#                                                                     sources of its own: the program
#                                                                     commands/iovafuzz-[group-]name

# For programs that load variants as shared objects, which find all of the shim in them.
add_library(iovafuzz_loads_variants INTERFACE)
target_link_options(iovafuzz_loads_variants INTERFACE -rdynamic
  LINKER:--whole-archive $<TARGET_FILE:shim> LINKER:--no-whole-archive)

function(iovafuzz_tool_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LIBRARIES} PRIVATE iovafuzz_command)
  iovafuzz_batches(${name} 0)
  iovafuzz_parsed(${name} 0 SOURCES ${arg_SOURCES} LIBRARIES ${arg_LIBRARIES})
endfunction()

function(iovafuzz_command main)
  cmake_parse_arguments(arg "" "" "USES" ${ARGN})
  cmake_path(GET main PARENT_PATH group)
  cmake_path(GET main STEM name)
  if(group AND NOT group STREQUAL name)
    set(name ${group}-${name})
  endif()
  add_executable(command-${name} EXCLUDE_FROM_ALL ${main}
    ${arg_UNPARSED_ARGUMENTS})
  set_target_properties(command-${name} PROPERTIES OUTPUT_NAME iovafuzz-${name}
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/commands)
  target_link_libraries(command-${name} PRIVATE iovafuzz_command ${arg_USES}
    iovafuzz_loads_variants)
  iovafuzz_batches(command-${name} 0)
  add_dependencies(tests command-${name})
  iovafuzz_parsed(${name} 0 SOURCES ${main} ${arg_UNPARSED_ARGUMENTS} LIBRARIES ${arg_USES})
endfunction()
