# SPDX-License-Identifier: GPL-2.0-only
# Commands and the libraries that they share.
#
#   iovafuzz_tool_library(name SOURCES file... LIBRARIES library...)  a floor of src/tool
#   iovafuzz_command(file... USES library...)                         triage/[group/]name.cc with
#                                                                     further sources: the program
#                                                                     commands/iovafuzz-[group-]name

# For programs that load variants as shared objects: they must export the whole shim.
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
  if(arg_UNPARSED_ARGUMENTS)
    iovafuzz_parsed(${name} 0 SOURCES ${main} ${arg_UNPARSED_ARGUMENTS} LIBRARIES ${arg_USES})
    return()
  endif()
  cmake_path(ABSOLUTE_PATH main)
  set_property(GLOBAL APPEND PROPERTY IOVAFUZZ_COMMANDS ${main})
  set_property(GLOBAL APPEND PROPERTY IOVAFUZZ_COMMANDS_USE ${arg_USES})
endfunction()

# Call it after the last command. Commands in one file are parsed together, which takes a tenth of
# the time. They share many names, such as main(), so each gets a namespace within the tool's.
function(iovafuzz_parse_commands)
  if(IOVAFUZZ_TARGETS)
    return()
  endif()
  get_property(commands GLOBAL PROPERTY IOVAFUZZ_COMMANDS)
  get_property(libraries GLOBAL PROPERTY IOVAFUZZ_COMMANDS_USE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${commands})
  set(headers "")
  set(code "")
  foreach(command ${commands})
    file(STRINGS ${command} lines REGEX "^#include (\".*[.]h\"|<.*>)")
    list(APPEND headers ${lines})
    cmake_path(RELATIVE_PATH command BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE name)
    string(MAKE_C_IDENTIFIER of_${name} name)
    string(APPEND code "namespace tool::${name} {\nusing namespace tool;\n}\n"
      "#define main ${name}\n#define tool tool::${name}\n#include \"${command}\"\n"
      "#undef main\n#undef tool\n")
  endforeach()
  list(REMOVE_DUPLICATES headers)
  list(JOIN headers "\n" headers)
  file(CONFIGURE OUTPUT commands.cc CONTENT "${headers}\n${code}" @ONLY)
  list(REMOVE_DUPLICATES libraries)
  iovafuzz_parsed(commands 0 SOURCES ${CMAKE_CURRENT_BINARY_DIR}/commands.cc LIBRARIES ${libraries})
endfunction()
