# SPDX-License-Identifier: GPL-2.0-only
# iovafuzz_tests(name [CHECKED] SOURCES file... LIBRARIES library...): a test program of *_test.cc
# files. With CHECKED, sanitizers watch the tests themselves, which do forbidden things to memory.
if(IOVAFUZZ_TOOL)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

function(iovafuzz_tests name)
  if(NOT IOVAFUZZ_TOOL)
    return()
  endif()
  cmake_parse_arguments(arg "CHECKED" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES}
    $<IF:$<BOOL:${arg_CHECKED}>,iovafuzz_checked,iovafuzz_command> GTest::gtest_main)
  add_dependencies(tests ${name})
  gtest_discover_tests(${name} TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 1200 ENVIRONMENT IOVAFUZZ_BUILT=1)
endfunction()

# All that `iovafuzz test` runs.
add_custom_target(tests)
