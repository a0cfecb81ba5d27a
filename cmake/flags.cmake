# SPDX-License-Identifier: GPL-2.0-only
# What code is compiled with, by its part in a run:
#
#   iovafuzz_under_test  shim, port, kernel glue: -O2, sanitizers
#   iovafuzz_harness     programs and engine inside targets and commands: -O2, no sanitizers, since
#                        what they would find there is not the allocator's and costs half the speed,
#                        but for MemorySanitizer's books
#   iovafuzz_checked     the same sources for their own tests: sanitizers
#   iovafuzz_checked_test  tests that do forbidden things to memory: AddressSanitizer
#   iovafuzz_command     commands and tests: whatever compiles fastest
#
# The property IOVAFUZZ_GUIDED of a target says by what an engine is guided there: "branches" of the
# allocator, "comparisons" of our own parser, or nothing. The harness' own branches would teach an
# engine what programs look like, which mutation knows.

# A farm's builds choose their linker, and a cross compiler has its own.
if(IOVAFUZZ_TOOL AND NOT CMAKE_CROSSCOMPILING)
  set(CMAKE_C_LINKER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/link.sh)
  set(CMAKE_CXX_LINKER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/link.sh)
endif()

# Of all code. Paths in reports are relative to the project.
add_library(iovafuzz_common INTERFACE)
target_compile_options(iovafuzz_common INTERFACE
  -Wall -Wextra -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_include_directories(iovafuzz_common INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src)

# AFL++'s wrapper of clang adds flags of its own.
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
    if(NOT IOVAFUZZ_SANITIZE STREQUAL "thread") # counters would be accesses
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

# The runtime of the sanitizers, for whatever is linked with code under test.
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
# MemorySanitizer finds what uses memory that nobody wrote. A C++ library that is not instrumented
# writes without telling it, and one that is (a farm's) leaves its stack unset and its notes of
# arguments behind. So only objects of the shim are ever unset: no stack, no heap
# (src/shim/sanitizer.cc), and arguments are looked at by who passes them. Shim and harness keep the
# books and are not asked (cmake/unasked.txt): the shim's own rules say more. A use that is a known
# issue can be gone past.
set(unasked "")
if("${CMAKE_CXX_FLAGS} -fsanitize=${IOVAFUZZ_SANITIZE}" MATCHES "-fsanitize=[a-z,-]*memory")
  set(origins -fsanitize-memory-track-origins=1) # the same everywhere
  list(APPEND sanitizers ${origins} -fsanitize-recover=memory -fsanitize-memory-param-retval
    "SHELL:-mllvm -msan-poison-stack=0")
  set(unasked -fsanitize=memory ${origins}
    -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/cmake/unasked.txt)
  # The shim tells of its findings.
  target_link_options(iovafuzz_runtime INTERFACE -Wl,-u,__wrap___msan_warning)
  foreach(warning __msan_warning __msan_warning_with_origin)
    target_link_options(iovafuzz_runtime INTERFACE -Wl,--wrap=${warning})
  endforeach()
endif()
# ThreadSanitizer is a second judge of races (src/shim/thread_sanitizer.h): the allocator's own code
# is compiled for it and nothing else. Its strands are fibers that move between stacks, which no
# stack of calls survives; marked accesses are volatile.
set(threads "")
if(IOVAFUZZ_SANITIZE STREQUAL "thread")
  set(threads ${sanitizers} "SHELL:-mllvm -tsan-distinguish-volatile"
    "SHELL:-mllvm -tsan-instrument-func-entry-exit=0")
  set(sanitizers "")
endif()
# Reports name the function that the source has, and no symbolizer is needed for that where none is
# inlined that does not ask for it.
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
# The caller's flags may instrument, where an engine comes from outside.
set(lines_alone -g1)
if(is_afl) # it asks for everything, after us
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

# The sources of a library, all together in batches of a few files: headers take most of the time to
# compile. Another's editing costs one batch.
function(iovafuzz_batches target size)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
endfunction()
