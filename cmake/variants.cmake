# SPDX-License-Identifier: GPL-2.0-only
# Variants of the allocator, each as a library for targets and as a shared object for commands,
# which load what they are asked for. None is built unless something needs it.
#
#   iovafuzz_port(name revision [flag])  the port: port_<name> and ports/<name>/port.so, with the
#                                        planted defect of that flag (src/iova/defects.inc)
#   iovafuzz_kernel(name title tree)     the tree's own code: kernel_<name> and
#                                        kernels/<name>/kernel.so; with a fourth argument, iova.c is
#                                        taken from that folder, but the tree's own is probed
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

function(iovafuzz_fuzzed name)
  set_property(GLOBAL APPEND PROPERTY IOVAFUZZ_FUZZED ${name})
endfunction()

function(iovafuzz_port name revision)
  set(definitions IOVAFUZZ_REVISION=${revision})
  if(ARGC GREATER 2)
    list(APPEND definitions IOVAFUZZ_DEFECT=${ARGV2})
  endif()
  # As one file, since headers take most of the time to compile.
  add_library(port_unit_${name} OBJECT EXCLUDE_FROM_ALL ${port_sources})
  iovafuzz_batches(port_unit_${name} 0)
  set_target_properties(port_unit_${name} PROPERTIES IOVAFUZZ_GUIDED branches)
  target_compile_options(port_unit_${name} PRIVATE ${measured} ${named})
  # What shows the port to the engine is not instrumented.
  add_library(port_views_${name} OBJECT EXCLUDE_FROM_ALL ${iova}/port_variant.cc)
  foreach(part unit views)
    target_compile_definitions(port_${part}_${name} PRIVATE ${definitions})
    target_compile_options(port_${part}_${name} PRIVATE -fPIC -fvisibility=hidden)
    target_link_libraries(port_${part}_${name} PRIVATE iovafuzz_under_test Boost::headers)
  endforeach()
  set(objects $<TARGET_OBJECTS:port_unit_${name}> $<TARGET_OBJECTS:port_views_${name}>)
  add_library(port_${name} STATIC EXCLUDE_FROM_ALL ${objects})
  set_target_properties(port_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(port_${name} PUBLIC shim)
  # The shim of the command that loads it serves this one.
  add_library(port_module_${name} MODULE EXCLUDE_FROM_ALL ${objects} ${iova}/module.cc)
  target_compile_definitions(port_module_${name} PRIVATE ${definitions})
  set_target_properties(port_module_${name} PROPERTIES
    OUTPUT_NAME port PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/ports/${name})
  target_link_libraries(port_module_${name} PRIVATE iovafuzz_under_test iovafuzz_runtime)

  add_library(variant_${name} STATIC EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/fuzz/harness/variant.cc)
  target_compile_definitions(variant_${name} PRIVATE ${definitions})
  target_link_libraries(variant_${name} PUBLIC port_${name} PRIVATE iovafuzz_harness)
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

  # The statics of the tree's code go to sections of their own, which statics.c restores; so no red
  # zones may stand between them. Its functions go to one by which reports know them.
  add_library(kernel_unit_${name} OBJECT EXCLUDE_FROM_ALL ${kernel}/glue.c ${out}/tree_features.h)
  target_link_libraries(kernel_unit_${name} PRIVATE iovafuzz_under_test kernel_flags_${name})
  set_target_properties(kernel_unit_${name} PROPERTIES IOVAFUZZ_GUIDED branches
    C_COMPILER_LAUNCHER "${kernel}/compile.sh;${out}/compiler.txt")
  target_compile_options(kernel_unit_${name} PRIVATE ${measured} ${named}
    $<IF:$<C_COMPILER_ID:Clang>,SHELL:-mllvm -asan-globals=0,--param=asan-globals=0>)
  add_custom_command(OUTPUT ${out}/unit.o
    COMMAND ${CMAKE_OBJCOPY} --rename-section .data=iova_statics --rename-section .bss=iova_zeroed
      --rename-section .data.rel=iova_statics --rename-section .data.rel.local=iova_statics
      --rename-section .text=iova_text --rename-section .text.unlikely=iova_text
      $<TARGET_OBJECTS:kernel_unit_${name}> ${out}/unit.o
    DEPENDS kernel_unit_${name} $<TARGET_OBJECTS:kernel_unit_${name}>
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${out}/unit.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  # Two libraries are made of it; one may not be built while the other makes it.
  add_custom_target(kernel_object_${name} DEPENDS ${out}/unit.o)

  add_library(kernel_trees_${name} OBJECT EXCLUDE_FROM_ALL
    ${kernel}/maple_tree.c ${kernel}/rbtree.c ${out}/tree_features.h)
  target_link_libraries(kernel_trees_${name} PRIVATE iovafuzz_under_test kernel_flags_${name})
  set(objects ${out}/unit.o $<TARGET_OBJECTS:kernel_trees_${name}>
    $<TARGET_OBJECTS:kernel_statics>)
  add_library(kernel_${name} STATIC EXCLUDE_FROM_ALL ${objects})
  set_target_properties(kernel_${name} PROPERTIES LINKER_LANGUAGE C)
  target_link_libraries(kernel_${name} PUBLIC shim)
  target_include_directories(kernel_${name} INTERFACE ${out})
  # The shim of the command that loads it serves this one.
  add_library(kernel_module_${name} MODULE EXCLUDE_FROM_ALL ${objects})
  set_target_properties(kernel_module_${name} PROPERTIES LINKER_LANGUAGE C
    OUTPUT_NAME kernel PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${out})
  target_link_libraries(kernel_module_${name} PRIVATE iovafuzz_runtime)
  foreach(library kernel_${name} kernel_module_${name})
    add_dependencies(${library} kernel_object_${name})
  endforeach()

  add_library(variant_kernel-${name} STATIC EXCLUDE_FROM_ALL
    ${CMAKE_SOURCE_DIR}/fuzz/harness/variant.cc)
  set(revisions ${IOVAFUZZ_REVISIONS})
  list(TRANSFORM revisions PREPEND port_)
  target_link_libraries(variant_kernel-${name}
    PUBLIC kernel_${name} ${revisions} PRIVATE iovafuzz_harness)
endfunction()
