# SPDX-License-Identifier: GPL-2.0-only
# iovafuzz_tests(name [CHECKED] [COST n] SOURCES file... LIBRARIES library...): a test program of
# *_test.cc files. With CHECKED, AddressSanitizer watches the tests, which do forbidden things to
# memory. COST is what a test takes beside those of other programs.
# Commands do without GoogleTest; the launcher installs it for `iovafuzz test`.
set(IOVAFUZZ_TESTS OFF)
if(IOVAFUZZ_TOOL)
  find_package(GTest QUIET)
  set(IOVAFUZZ_TESTS ${GTest_FOUND})
endif()

function(iovafuzz_tests name)
  if(NOT IOVAFUZZ_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "CHECKED" "COST" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_COST)
    set(arg_COST 1)
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${arg_SOURCES})
  iovafuzz_batches(${name} 5)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES}
    $<IF:$<BOOL:${arg_CHECKED}>,iovafuzz_checked_test,iovafuzz_command> GTest::gtest_main)
  add_dependencies(tests ${name})
  set(list ${CMAKE_CURRENT_BINARY_DIR}/${name}-suites.cmake)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -D program=$<TARGET_FILE:${name}> -D cost=${arg_COST} -D list=${list}
      -P ${CMAKE_SOURCE_DIR}/cmake/suites.cmake VERBATIM)
  if(NOT EXISTS ${list})
    file(WRITE ${list} "add_test(${name}.not_built false)\n")
  endif()
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${list})
endfunction()

# All that `iovafuzz test` runs.
add_custom_target(tests)
