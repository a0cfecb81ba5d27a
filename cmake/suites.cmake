# SPDX-License-Identifier: GPL-2.0-only
# cmake -D program=FILE -D emulator=FILE -D cost=N -D list=FILE -P suites.cmake: writes CTest's
# tests for a program, one per suite, since a process for each single test would take longer than
# most tests. Long suites start first. emulator: runs programs of another architecture, or empty.
execute_process(COMMAND ${emulator} ${program} --gtest_list_tests OUTPUT_VARIABLE tests
  COMMAND_ERROR_IS_FATAL ANY)
cmake_path(GET program FILENAME name)
string(REPLACE "\n" ";" lines "${tests}")
set(suite "")
foreach(line ${lines})
  if(line MATCHES "^([^ ]+)\\.")
    set(suite ${CMAKE_MATCH_1})
    list(APPEND suites ${suite})
    set(cost_${suite} 0)
  elseif(line MATCHES "^  ")
    math(EXPR cost_${suite} "${cost_${suite}} + ${cost}")
  endif()
endforeach()
set(text "")
if(emulator)
  set(emulator "[=[${emulator}]=] ")
endif()
foreach(suite ${suites})
  set(test "[=[${name}.${suite}]=]")
  string(APPEND text "add_test(${test} ${emulator}[=[${program}]=] [=[--gtest_filter=${suite}.*]=])\n"
    "set_tests_properties(${test} PROPERTIES TIMEOUT 2400 COST ${cost_${suite}} "
    "ENVIRONMENT IOVAFUZZ_BUILT=1)\n")
endforeach()
file(WRITE ${list} "${text}")
