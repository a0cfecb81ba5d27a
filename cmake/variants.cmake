# SPDX-License-Identifier: GPL-2.0-only
# Variants of the allocator, each as a library for targets and as a shared object for commands,
# which load what they are asked for. None is built unless something needs it.
#
#   iovafuzz_port(name revision [flag])  the port: port_<name> and ports/<name>/port.so, with the
#                                        planted defect of that flag (src/iova/defects.inc)
#   iovafuzz_kernel(name title tree)     the tree's own code: kernels/<name>/kernel.so; with a fourth
#                                        argument, iova.c is taken from that folder, but the tree's
#                                        own is probed
#
# Binaries of targets take the object library variant_<name>, and variant_guided_<name> or
# variant_watched_<name>.
#
#   iovafuzz_fuzzed(name)                targets are made of it, too: fixed+defect or kernel-name.
#                                        Of revisions they always are
#
# The commands keep the list of variants that they were asked for in IOVAFUZZ_VARIANTS. A target more
# a variant would take most of the time that the build is configured in.

set(iova ${CMAKE_SOURCE_DIR}/src/iova)
set(kernel ${CMAKE_SOURCE_DIR}/src/kernel)
set(port_sources ${iova}/dma_iommu.cc ${iova}/iova.cc)
set_property(GLOBAL PROPERTY IOVAFUZZ_FUZZED "")

# The code of an allocator is compiled twice: guided, for targets; and watched, for modules and the
# targets that tell of data races, where the shim is told of every access (shim/races.h). Counters of
# a coverage build would be accesses, too, if they were not atomic.
set(watched "")
if(IOVAFUZZ_TARGETS AND NOT CMAKE_CXX_COMPILER MATCHES "/afl-[^/]*$")
  set(watched -fsanitize-coverage=edge,trace-loads,trace-stores -fprofile-update=atomic)
endif()
function(iovafuzz_instrument unit kind)
  set_target_properties(${unit} PROPERTIES IOVAFUZZ_GUIDED branches)
  target_compile_options(${unit} PRIVATE ${measured} ${named})
  if(kind STREQUAL "watched")
    target_compile_options(${unit} PRIVATE ${watched})
  endif()
endfunction()

function(iovafuzz_fuzzed name)
  set_property(GLOBAL APPEND PROPERTY IOVAFUZZ_FUZZED ${name})
endfunction()

function(iovafuzz_port name revision)
  set(definitions IOVAFUZZ_REVISION=${revision})
  if(ARGC GREATER 2)
    list(APPEND definitions IOVAFUZZ_DEFECT=${ARGV2})
  endif()
  # What shows the port to the engine is not instrumented.
  add_library(port_views_${name} OBJECT EXCLUDE_FROM_ALL ${iova}/port_variant.cc)
  set(parts port_views_${name})
  foreach(kind guided watched)
    # As one file, since headers take most of the time to compile.
    set(unit port_${kind}_unit_${name})
    add_library(${unit} OBJECT EXCLUDE_FROM_ALL ${port_sources})
    iovafuzz_batches(${unit} 0)
    iovafuzz_instrument(${unit} ${kind})
    list(APPEND parts ${unit})
    set(objects_${kind} $<TARGET_OBJECTS:${unit}> $<TARGET_OBJECTS:port_views_${name}>)
  endforeach()
  foreach(part ${parts})
    target_compile_definitions(${part} PRIVATE ${definitions})
    target_compile_options(${part} PRIVATE -fPIC -fvisibility=hidden)
    target_link_libraries(${part} PRIVATE iovafuzz_under_test Boost::headers)
  endforeach()
  foreach(kind guided watched)
    add_library(port_${kind}_${name} STATIC EXCLUDE_FROM_ALL ${objects_${kind}})
    set_target_properties(port_${kind}_${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(port_${kind}_${name} PUBLIC shim)
  endforeach()
  add_library(port_${name} ALIAS port_guided_${name})
  # The shim of the command that loads it serves this one.
  add_library(port_module_${name} MODULE EXCLUDE_FROM_ALL ${objects_watched} ${iova}/module.cc)
  target_compile_definitions(port_module_${name} PRIVATE ${definitions})
  set_target_properties(port_module_${name} PROPERTIES
    OUTPUT_NAME port PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/ports/${name})
  target_link_libraries(port_module_${name} PRIVATE iovafuzz_under_test iovafuzz_runtime)

  add_library(variant_${name} OBJECT EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/fuzz/harness/variant.cc)
  target_compile_definitions(variant_${name} PRIVATE ${definitions})
  target_link_libraries(variant_${name} PRIVATE iovafuzz_harness)
  foreach(kind guided watched)
    add_library(variant_${kind}_${name} INTERFACE)
    target_link_libraries(variant_${kind}_${name} INTERFACE port_${kind}_${name})
  endforeach()
  add_dependencies(tests port_module_${name})
endfunction()

add_library(kernel_statics OBJECT EXCLUDE_FROM_ALL ${kernel}/statics.c)
target_compile_options(kernel_statics PRIVATE -fPIC -fvisibility=hidden)
target_link_libraries(kernel_statics PRIVATE iovafuzz_under_test)

include(CheckCCompilerFlag)
set(pattern "")
check_c_compiler_flag(-ftrivial-auto-var-init=pattern IOVAFUZZ_FILLS_LOCALS)
if(IOVAFUZZ_FILLS_LOCALS)
  set(pattern -ftrivial-auto-var-init=pattern)
endif()

function(iovafuzz_kernel name title tree)
  set(out ${CMAKE_BINARY_DIR}/kernels/${name})
  set(sources ${tree}/drivers/iommu/iova.c ${tree}/include/linux/iova.h)
  if(EXISTS ${tree}/drivers/iommu/dma-iommu.c)
    list(APPEND sources ${tree}/drivers/iommu/dma-iommu.c)
  endif()
  add_custom_command(OUTPUT ${out}/tree_features.h
    COMMAND ${CMAKE_COMMAND} -DTREE=${tree} -DOUT=${out} -P ${kernel}/probe.cmake
    DEPENDS ${kernel}/probe.cmake ${kernel}/releases.txt ${iova}/revisions.inc ${sources}
    VERBATIM)

  # As the kernel compiles it where that matters. Its warnings are the kernel's own business, but
  # for those of variables that may hold anything, which hold a pattern here.
  add_library(kernel_flags_${name} INTERFACE)
  target_compile_definitions(kernel_flags_${name} INTERFACE
    "IOVAFUZZ_KERNEL_NAME=\"kernel@${title}\"")
  if(ARGC GREATER 3)
    target_compile_options(kernel_flags_${name} INTERFACE "SHELL:-iquote \"${ARGV3}\"")
  endif()
  target_compile_options(kernel_flags_${name} INTERFACE -std=gnu11 -fexceptions
    -fno-strict-aliasing
    -fno-strict-overflow -fno-delete-null-pointer-checks -fPIC -fvisibility=hidden -fno-common
    $<IF:$<C_COMPILER_ID:Clang>,-Wno-everything,-w> -Werror=implicit-function-declaration
    $<$<C_COMPILER_ID:Clang>:-Wuninitialized> $<$<C_COMPILER_ID:Clang>:-Wsometimes-uninitialized>
    ${pattern}
    -ffile-prefix-map=${tree}/= -ffile-prefix-map=${out}/= -ffile-prefix-map=${CMAKE_BINARY_DIR}=.
    -iquote ${tree})
  target_include_directories(kernel_flags_${name} INTERFACE
    ${CMAKE_SOURCE_DIR}/src/shim/include ${out}/include ${out})
  if(ARGC GREATER 3)
    target_compile_options(kernel_flags_${name} INTERFACE -ffile-prefix-map=${ARGV3}/=)
    # Sanitizers and debug information know lines and columns.
    add_library(kernel_plain_${name} OBJECT EXCLUDE_FROM_ALL
      ${kernel}/glue.c ${out}/tree_features.h)
    target_link_libraries(kernel_plain_${name} PRIVATE kernel_flags_${name})
    target_include_directories(kernel_plain_${name} PRIVATE
      ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src)
    add_custom_command(OUTPUT ${out}/code.o
      COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_OBJECTS:kernel_plain_${name}> ${out}/code.o
      DEPENDS kernel_plain_${name} $<TARGET_OBJECTS:kernel_plain_${name}> VERBATIM)
    add_custom_target(kernel_code_${name} DEPENDS ${out}/code.o)
  endif()

  add_library(kernel_trees_${name} OBJECT EXCLUDE_FROM_ALL
    ${kernel}/maple_tree.c ${kernel}/rbtree.c ${out}/tree_features.h)
  target_link_libraries(kernel_trees_${name} PRIVATE iovafuzz_under_test kernel_flags_${name})

  # The statics of the tree's code go to sections of their own, which statics.c restores; so no red
  # zones may stand between them. Its functions go to one by which reports know them.
  foreach(kind guided watched)
    set(unit kernel_${kind}_unit_${name})
    add_library(${unit} OBJECT EXCLUDE_FROM_ALL ${kernel}/glue.c ${out}/tree_features.h)
    target_link_libraries(${unit} PRIVATE iovafuzz_under_test kernel_flags_${name})
    set_target_properties(${unit} PROPERTIES
      C_COMPILER_LAUNCHER "${kernel}/compile.sh;${out}/compiler.txt")
    iovafuzz_instrument(${unit} ${kind})
    target_compile_options(${unit} PRIVATE
      $<IF:$<C_COMPILER_ID:Clang>,SHELL:-mllvm -asan-globals=0,--param=asan-globals=0>)
    add_custom_command(OUTPUT ${out}/${kind}.o
      COMMAND ${CMAKE_OBJCOPY} --rename-section .data=iova_statics
        --rename-section .bss=iova_zeroed
        --rename-section .data.rel=iova_statics --rename-section .data.rel.local=iova_statics
        --rename-section .text=iova_text --rename-section .text.unlikely=iova_text
        $<TARGET_OBJECTS:${unit}> ${out}/${kind}.o
      DEPENDS ${unit} $<TARGET_OBJECTS:${unit}>
      COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties(${out}/${kind}.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    set(objects ${out}/${kind}.o $<TARGET_OBJECTS:kernel_trees_${name}>
      $<TARGET_OBJECTS:kernel_statics>)
    add_library(kernel_${kind}_${name} STATIC EXCLUDE_FROM_ALL ${objects})
    set_target_properties(kernel_${kind}_${name} PROPERTIES LINKER_LANGUAGE C)
    target_link_libraries(kernel_${kind}_${name} PUBLIC shim)
    target_include_directories(kernel_${kind}_${name} INTERFACE ${out})
    # Two libraries are made of it; one may not be built while the other makes it.
    add_custom_target(kernel_object_${kind}_${name} DEPENDS ${out}/${kind}.o)
    add_dependencies(kernel_${kind}_${name} kernel_object_${kind}_${name})
  endforeach()
  # The shim of the command that loads it serves this one.
  add_library(kernel_module_${name} MODULE EXCLUDE_FROM_ALL ${objects})
  set_target_properties(kernel_module_${name} PROPERTIES LINKER_LANGUAGE C
    OUTPUT_NAME kernel PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${out})
  target_link_libraries(kernel_module_${name} PRIVATE iovafuzz_runtime)
  add_dependencies(kernel_module_${name} kernel_object_watched_${name})

  add_library(variant_kernel-${name} OBJECT EXCLUDE_FROM_ALL
    ${CMAKE_SOURCE_DIR}/fuzz/harness/variant.cc)
  target_include_directories(variant_kernel-${name} PRIVATE ${out})
  target_link_libraries(variant_kernel-${name} PRIVATE iovafuzz_harness)
  add_dependencies(variant_kernel-${name} kernel_trees_${name})
  set(revisions ${IOVAFUZZ_REVISIONS})
  list(TRANSFORM revisions PREPEND port_)
  foreach(kind guided watched)
    add_library(variant_${kind}_kernel-${name} INTERFACE)
    target_link_libraries(variant_${kind}_kernel-${name} INTERFACE
      kernel_${kind}_${name} ${revisions})
  endforeach()
endfunction()
