# SPDX-License-Identifier: GPL-2.0-only
# iovafuzz_tests(name [CHECKED] [OF_TOOL] [COST n] SOURCES file... LIBRARIES library...): a test
# program of *_test.cc files. CHECKED: AddressSanitizer watches the tests, which misuse memory on
# purpose. COST: run time relative to other test programs. Commands do not need GoogleTest; the
# launcher installs it for `iovafuzz test`.
set(IOVAFUZZ_TESTS OFF)
if(IOVAFUZZ_TOOL)
  find_package(GTest QUIET)
  set(IOVAFUZZ_TESTS ${GTest_FOUND})
endif()
# All tests that `iovafuzz test` runs.
add_custom_target(tests)
# The same without the tool, whose sources are only parsed.
add_custom_target(core-tests)

# Checks in batches of the given size that this compiler accepts a part of the tool.
function(iovafuzz_parsed name batch)
  if(IOVAFUZZ_TARGETS)
    return() # the tool is built with this compiler
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(parsed-${name} OBJECT EXCLUDE_FROM_ALL ${arg_SOURCES})
  iovafuzz_batches(parsed-${name} ${batch})
  set_target_properties(parsed-${name} PROPERTIES
    CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/parse.sh)
  target_link_libraries(parsed-${name} PRIVATE ${arg_LIBRARIES} iovafuzz_command)
  add_dependencies(core-tests parsed-${name})
endfunction()

function(iovafuzz_tests name)
  if(NOT IOVAFUZZ_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "CHECKED;OF_TOOL" "COST" "SOURCES;LIBRARIES" ${ARGN})
  set(batch 5)
  if(arg_OF_TOOL)
    set(batch 12)
    iovafuzz_parsed(${name} ${batch} SOURCES ${arg_SOURCES} LIBRARIES ${arg_LIBRARIES} GTest::gtest)
  else()
    add_dependencies(core-tests ${name})
  endif()
  if(NOT arg_COST)
    set(arg_COST 1)
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${arg_SOURCES})
  iovafuzz_batches(${name} ${batch})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES}
    $<IF:$<BOOL:${arg_CHECKED}>,iovafuzz_checked_test,iovafuzz_command> GTest::gtest_main)
  add_dependencies(tests ${name})
  set(list ${CMAKE_CURRENT_BINARY_DIR}/${name}-suites.cmake)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -D program=$<TARGET_FILE:${name}>
      -D emulator=${CMAKE_CROSSCOMPILING_EMULATOR} -D cost=${arg_COST} -D list=${list}
      -P ${CMAKE_SOURCE_DIR}/cmake/suites.cmake VERBATIM)
  if(NOT EXISTS ${list})
    file(WRITE ${list} "add_test(${name}.not_built false)\n")
  endif()
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${list})
endfunction()
