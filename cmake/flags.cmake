# SPDX-License-Identifier: GPL-2.0-only
# Compiler flags by the part that code plays in a run:
#
#   iovafuzz_under_test  shim, port, kernel glue: -O2, sanitizers
#   iovafuzz_harness     program and engine inside targets and commands: -O2, no sanitizers, since
#                        they would halve the speed and find no fault of the allocator; only
#                        MemorySanitizer's shadow is maintained
#   iovafuzz_checked     the same sources for their own tests: sanitizers
#   iovafuzz_checked_test  tests that misuse memory on purpose: AddressSanitizer
#   iovafuzz_command     commands and tests: the flags that compile fastest
#
# A target's property IOVAFUZZ_GUIDED says which code guides an engine: "branches" of the allocator,
# "comparisons" of our own parser, or nothing. The harness' own branches would teach an engine the
# program format, which mutation already knows.

# OSS-Fuzz builds choose their linker, and a cross compiler has its own.
if(IOVAFUZZ_TOOL AND NOT CMAKE_CROSSCOMPILING)
  set(CMAKE_C_LINKER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/link.sh)
  set(CMAKE_CXX_LINKER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/link.sh)
endif()

# For all code. Paths in reports are relative to the project.
add_library(iovafuzz_common INTERFACE)
target_compile_options(iovafuzz_common INTERFACE
  -Wall -Wextra -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_include_directories(iovafuzz_common INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src)

# AFL++'s compiler wrapper adds its own flags.
set(is_afl OFF)
if(CMAKE_CXX_COMPILER MATCHES "/afl-[^/]*$")
  set(is_afl ON)
endif()

define_property(TARGET PROPERTY IOVAFUZZ_GUIDED)
set(unguided "")
if(IOVAFUZZ_TARGETS)
  set(kinds edge,bb,func,indirect-calls,trace-cmp,trace-div,trace-gep,trace-loads,trace-stores)
  set(kinds ${kinds},trace-pc,trace-pc-guard,inline-8bit-counters,inline-bool-flag,pc-table)
  set(unguided -fno-sanitize=fuzzer-no-link -fno-sanitize-coverage=${kinds},stack-depth)
  if(is_afl)
    list(APPEND unguided --afl-noopt)
  endif()
  set(branches "")
  set(comparisons "")
  if(NOT IOVAFUZZ_ENGINE)
    if(NOT IOVAFUZZ_SANITIZE STREQUAL "thread") # counters would be reported as accesses
      set(branches -fsanitize-coverage=inline-8bit-counters,pc-table)
    endif()
    set(comparisons -fsanitize=fuzzer-no-link)
  endif()
  set(asked $<TARGET_PROPERTY:IOVAFUZZ_GUIDED>)
  target_compile_options(iovafuzz_common INTERFACE
    "$<$<STREQUAL:${asked},branches>:${branches}>"
    "$<$<STREQUAL:${asked},comparisons>:${comparisons}>"
    "$<$<STREQUAL:${asked},>:${unguided}>")
endif()

# The sanitizers' runtime, for everything that links code under test.
add_library(iovafuzz_runtime INTERFACE)
set(sanitizers "")
if(IOVAFUZZ_SANITIZE)
  set(sanitizers -fsanitize=${IOVAFUZZ_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(iovafuzz_runtime INTERFACE ${sanitizers})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 15
      AND IOVAFUZZ_SANITIZE MATCHES "address")
    # Fake stacks cost a fifth of the speed, and the allocator hands out no stack memory.
    list(APPEND sanitizers -fsanitize-address-use-after-return=never)
  endif()
endif()
# MemorySanitizer finds uses of uninitialized memory. An uninstrumented C++ library writes memory
# unnoticed, and OSS-Fuzz's instrumented one leaves its stack and argument shadow uninitialized. So
# only the shim's objects are ever uninitialized (src/shim/sanitizer.cc), not stack or heap, and
# callers check arguments. Shim and harness maintain shadow memory but are not checked
# (cmake/unasked.txt), since the shim's own rules are stricter. Known uses are recoverable.
set(unasked "")
if("${CMAKE_CXX_FLAGS} -fsanitize=${IOVAFUZZ_SANITIZE}" MATCHES "-fsanitize=[a-z,-]*memory")
  set(origins -fsanitize-memory-track-origins=1) # the same in all objects
  list(APPEND sanitizers ${origins} -fsanitize-recover=memory -fsanitize-memory-param-retval
    "SHELL:-mllvm -msan-poison-stack=0")
  set(unasked -fsanitize=memory ${origins}
    -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/cmake/unasked.txt)
  # MemorySanitizer's warnings become findings of the shim.
  target_link_options(iovafuzz_runtime INTERFACE -Wl,-u,__wrap___msan_warning)
  foreach(warning __msan_warning __msan_warning_with_origin)
    target_link_options(iovafuzz_runtime INTERFACE -Wl,--wrap=${warning})
  endforeach()
endif()
# ThreadSanitizer is a second judge of races (src/shim/thread_sanitizer.h). Only the allocator's own
# code is compiled for it. Strands are fibers that move between stacks, so call stacks are not
# recorded; marked accesses are volatile.
set(threads "")
if(IOVAFUZZ_SANITIZE STREQUAL "thread")
  set(threads ${sanitizers} "SHELL:-mllvm -tsan-distinguish-volatile"
    "SHELL:-mllvm -tsan-instrument-func-entry-exit=0")
  set(sanitizers "")
endif()
# Reports name the function in the source without a symbolizer if the compiler inlines only
# functions declared inline.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(named -finline-hint-functions)
else()
  set(named -fno-inline-functions -fno-inline-small-functions -fno-inline-functions-called-once)
endif()

add_library(iovafuzz_under_test INTERFACE)
target_link_libraries(iovafuzz_under_test INTERFACE iovafuzz_common)
target_compile_options(iovafuzz_under_test INTERFACE
  -g -fno-omit-frame-pointer ${sanitizers})

add_library(iovafuzz_harness INTERFACE)
target_link_libraries(iovafuzz_harness INTERFACE iovafuzz_common)
# With an external engine, the caller's flags may instrument.
set(lines_alone -g1)
if(is_afl) # it adds full debug information after our flags
  set(lines_alone "SHELL:-Xclang -debug-info-kind=line-tables-only")
endif()
target_compile_options(iovafuzz_harness INTERFACE ${lines_alone} -fno-omit-frame-pointer -fPIC
  $<$<BOOL:${IOVAFUZZ_TARGETS}>:-fno-sanitize=all> ${unasked})

add_library(iovafuzz_checked INTERFACE)
target_link_libraries(iovafuzz_checked INTERFACE iovafuzz_common)
target_compile_options(iovafuzz_checked INTERFACE -O1 -g1 -fno-omit-frame-pointer ${sanitizers})

add_library(iovafuzz_checked_test INTERFACE)
target_link_libraries(iovafuzz_checked_test INTERFACE iovafuzz_common)
target_compile_options(iovafuzz_checked_test INTERFACE -O0 -g0 ${sanitizers})
if(IOVAFUZZ_SANITIZE)
  target_compile_options(iovafuzz_checked_test INTERFACE -fno-sanitize=undefined)
endif()

add_library(iovafuzz_command INTERFACE)
target_link_libraries(iovafuzz_command INTERFACE iovafuzz_common)
target_compile_options(iovafuzz_command INTERFACE -O0 -g0)

# Compiles a library's sources in batches of `size` files (0: all together), since headers take most
# of the time. Editing a file recompiles one batch.
function(iovafuzz_batches target size)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
endfunction()
