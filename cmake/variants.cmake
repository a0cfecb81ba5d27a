# SPDX-License-Identifier: GPL-2.0-only
# Variants of the allocator, each as a library for targets and as a shared object for commands. A
# variant is built only when something needs it.
#
#   iovafuzz_port(name revision [flag])  the port: port_<name>, with the planted defect of that flag
#                                        (src/iova/defects.inc), or ports/<name>/port.so
#   iovafuzz_defects(name revision flag) ports/<name>/port.so: all defects that need the same
#                                        configuration of the revision as this one
#   iovafuzz_kernel(name title tree [CHANGED folder] [HZ number] [LOCALS pattern|zero])
#                                        the tree's own code: kernels/<name>/kernel.so. CHANGED:
#                                        use iova.c of that folder, but probe the tree's own. HZ:
#                                        jiffies a second. LOCALS: value of uninitialized variables
#
# Binaries of targets link the object library variant_<name>, and variant_guided_<name> or
# variant_watched_<name>.
#
#   iovafuzz_fuzzed(name)                also builds targets for fixed+defect or kernel-name;
#                                        revisions always have targets
#
# Commands keep the list of requested variants in IOVAFUZZ_VARIANTS. Building targets for each of
# them would dominate the time to configure the build.

set(iova ${CMAKE_SOURCE_DIR}/src/iova)
set(kernel ${CMAKE_SOURCE_DIR}/src/kernel)
set(port_sources ${iova}/dma_iommu.cc ${iova}/iova.cc)
set_property(GLOBAL PROPERTY IOVAFUZZ_FUZZED "")

# An allocator's code is compiled three times. guided: for targets. watched: for modules and targets
# that report data races; the shim observes every access (shim/races.h). measured: for modules that
# count what inputs reach (measured.so beside the other module). Atomic counters keep the
# instrumentation of a coverage build from being reported as accesses.
set(watched "")
if(IOVAFUZZ_TARGETS AND NOT is_afl)
  set(watched -fsanitize-coverage=edge,trace-loads,trace-stores -fprofile-update=atomic)
endif()
set(module_kinds watched)
if(IOVAFUZZ_TARGETS AND IOVAFUZZ_TOOL)
  list(APPEND module_kinds measured)
endif()
set(unit_kinds guided ${module_kinds})
function(iovafuzz_instrument unit kind)
  target_compile_options(${unit} PRIVATE ${named})
  if(kind STREQUAL "measured")
    target_compile_options(${unit} PRIVATE -fprofile-instr-generate -fcoverage-mapping)
    return()
  endif()
  set_target_properties(${unit} PROPERTIES IOVAFUZZ_GUIDED branches)
  if(kind STREQUAL "watched")
    target_compile_options(${unit} PRIVATE ${watched} ${threads})
  endif()
endfunction()

# Builds the module <what>_module_<name> as <what>.so in `folder`, or for measured objects
# measured_<what>_module_<name> as measured.so. Sets `module` to its name.
function(iovafuzz_module what name kind folder)
  set(module ${what}_module_${name})
  set(output ${what})
  if(kind STREQUAL "measured")
    set(module measured_${module})
    set(output measured)
  endif()
  add_library(${module} MODULE EXCLUDE_FROM_ALL ${ARGN})
  set_target_properties(${module} PROPERTIES
    OUTPUT_NAME ${output} PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${folder})
  # The module uses the shim of the command that loads it.
  target_link_libraries(${module} PRIVATE iovafuzz_runtime)
  if(kind STREQUAL "measured")
    target_link_options(${module} PRIVATE -fprofile-instr-generate)
  endif()
  set(module ${module} PARENT_SCOPE)
endfunction()

function(iovafuzz_fuzzed name)
  set_property(GLOBAL APPEND PROPERTY IOVAFUZZ_FUZZED ${name})
endfunction()

# Compiled as one file, since headers take most of the time.
function(iovafuzz_port_unit name kind definitions)
  set(unit port_${kind}_unit_${name})
  add_library(${unit} OBJECT EXCLUDE_FROM_ALL ${port_sources})
  iovafuzz_batches(${unit} 0)
  iovafuzz_instrument(${unit} ${kind})
  iovafuzz_port_flags(${unit} "${definitions}")
endfunction()

# Introspection code is not instrumented.
function(iovafuzz_port_views name definitions)
  add_library(port_views_${name} OBJECT EXCLUDE_FROM_ALL ${iova}/port_variant.cc)
  iovafuzz_port_flags(port_views_${name} "${definitions}")
endfunction()

function(iovafuzz_port_flags part definitions)
  target_compile_definitions(${part} PRIVATE ${definitions})
  target_compile_options(${part} PRIVATE -fPIC -fvisibility=hidden)
  target_link_libraries(${part} PRIVATE iovafuzz_under_test Boost::headers)
endfunction()

function(iovafuzz_port_modules name definitions)
  add_library(port_choice_${name} OBJECT EXCLUDE_FROM_ALL ${iova}/module.cc)
  iovafuzz_port_flags(port_choice_${name} "${definitions}")
  foreach(kind ${module_kinds})
    iovafuzz_module(port ${name} ${kind} ${CMAKE_BINARY_DIR}/ports/${name}
      $<TARGET_OBJECTS:port_choice_${name}> $<TARGET_OBJECTS:port_views_${name}>
      $<TARGET_OBJECTS:port_${kind}_unit_${name}>)
  endforeach()
endfunction()

function(iovafuzz_defects name revision flag)
  set(definitions IOVAFUZZ_REVISION=${revision} IOVAFUZZ_DEFECT=${flag}
    IOVAFUZZ_DEFECT_CHOSEN_BY_VARIANT)
  iovafuzz_port_views(${name} "${definitions}")
  foreach(kind ${module_kinds})
    iovafuzz_port_unit(${name} ${kind} "${definitions}")
  endforeach()
  iovafuzz_port_modules(${name} "${definitions}")
  # Tests load these modules without checking that they are up to date.
  add_dependencies(tests port_module_${name})
endfunction()

function(iovafuzz_port name revision)
  set(definitions IOVAFUZZ_REVISION=${revision})
  if(ARGC GREATER 2)
    list(APPEND definitions IOVAFUZZ_DEFECT=${ARGV2})
  endif()
  iovafuzz_port_views(${name} "${definitions}")
  foreach(kind ${unit_kinds})
    iovafuzz_port_unit(${name} ${kind} "${definitions}")
  endforeach()
  foreach(kind guided watched)
    add_library(port_${kind}_${name} STATIC EXCLUDE_FROM_ALL
      $<TARGET_OBJECTS:port_${kind}_unit_${name}> $<TARGET_OBJECTS:port_views_${name}>)
    set_target_properties(port_${kind}_${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(port_${kind}_${name} PUBLIC shim)
    add_library(variant_${kind}_${name} INTERFACE)
    target_link_libraries(variant_${kind}_${name} INTERFACE port_${kind}_${name})
  endforeach()
  add_library(port_${name} ALIAS port_guided_${name})
  if(ARGC EQUAL 2)
    iovafuzz_port_modules(${name} "${definitions}")
    add_dependencies(tests port_module_${name})
  endif()

  add_library(variant_${name} OBJECT EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/fuzz/harness/variant.cc)
  target_compile_definitions(variant_${name} PRIVATE ${definitions})
  target_link_libraries(variant_${name} PRIVATE iovafuzz_harness)
endfunction()

add_library(kernel_statics OBJECT EXCLUDE_FROM_ALL ${kernel}/statics.c)
target_compile_options(kernel_statics PRIVATE -fPIC -fvisibility=hidden)
target_link_libraries(kernel_statics PRIVATE iovafuzz_under_test)

include(CheckCCompilerFlag)
check_c_compiler_flag(-ftrivial-auto-var-init=pattern IOVAFUZZ_FILLS_LOCALS)
set(IOVAFUZZ_LOCALS_pattern -ftrivial-auto-var-init=pattern)
set(IOVAFUZZ_LOCALS_zero -ftrivial-auto-var-init=zero)
# clang before 16 requires a second option for it.
if(CMAKE_C_COMPILER_ID MATCHES "Clang" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 16)
  list(APPEND IOVAFUZZ_LOCALS_zero
    -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
endif()

# The kernel's flags, as far as they affect behaviour.
set(IOVAFUZZ_KERNEL_FLAGS -std=gnu11 -fexceptions -fno-strict-aliasing -fno-strict-overflow
  -fno-delete-null-pointer-checks -fPIC -fvisibility=hidden -fno-common
  -Werror=implicit-function-declaration)

function(iovafuzz_kernel name title tree)
  cmake_parse_arguments(PARSE_ARGV 3 chosen "" "CHANGED;HZ;LOCALS" "")
  set(definitions "")
  if(chosen_HZ)
    set(definitions HZ=${chosen_HZ})
  endif()
  if(NOT chosen_LOCALS)
    set(chosen_LOCALS pattern)
  endif()
  set(locals "")
  if(IOVAFUZZ_FILLS_LOCALS)
    set(locals ${IOVAFUZZ_LOCALS_${chosen_LOCALS}})
  endif()
  set(out ${CMAKE_BINARY_DIR}/kernels/${name})
  set(sources ${tree}/drivers/iommu/iova.c ${tree}/include/linux/iova.h)
  if(EXISTS ${tree}/drivers/iommu/dma-iommu.c)
    list(APPEND sources ${tree}/drivers/iommu/dma-iommu.c)
  elseif(EXISTS ${tree}/drivers/iommu) # the tree may not be unpacked yet
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${tree}/drivers/iommu)
  endif()
  add_custom_command(OUTPUT ${out}/tree_features.h
    COMMAND ${CMAKE_COMMAND} -DTREE=${tree} -DOUT=${out} -P ${kernel}/probe.cmake
    DEPENDS ${kernel}/probe.cmake ${kernel}/releases.txt ${iova}/revisions.inc ${sources}
    VERBATIM)

  # Suppresses warnings in kernel code except for uninitialized variables, which are initialized
  # with a pattern here.
  add_library(kernel_flags_${name} INTERFACE)
  target_compile_definitions(kernel_flags_${name} INTERFACE
    "IOVAFUZZ_KERNEL_NAME=\"kernel@${title}\"" ${definitions})
  if(chosen_CHANGED)
    target_compile_options(kernel_flags_${name} INTERFACE "SHELL:-iquote \"${chosen_CHANGED}\"")
  endif()
  target_compile_options(kernel_flags_${name} INTERFACE
    $<IF:$<C_COMPILER_ID:Clang>,-Wno-everything,-w> ${IOVAFUZZ_KERNEL_FLAGS}
    $<$<C_COMPILER_ID:Clang>:-Wuninitialized> $<$<C_COMPILER_ID:Clang>:-Wsometimes-uninitialized>
    ${locals}
    -ffile-prefix-map=${tree}/= -ffile-prefix-map=${out}/= -ffile-prefix-map=${CMAKE_BINARY_DIR}=.
    -iquote ${tree})
  target_include_directories(kernel_flags_${name} INTERFACE
    ${CMAKE_SOURCE_DIR}/src/shim/include ${out}/include ${out})
  if(chosen_CHANGED)
    target_compile_options(kernel_flags_${name} INTERFACE
      -ffile-prefix-map=${chosen_CHANGED}/=)
    # An object without sanitizers and debug information, which depend on lines and columns.
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

  # The statics of the tree's code get sections of their own, which statics.c restores; red zones
  # must not separate them. Its functions get a section by which reports recognize them.
  foreach(kind ${unit_kinds})
    set(unit kernel_${kind}_unit_${name})
    add_library(${unit} OBJECT EXCLUDE_FROM_ALL ${kernel}/glue.c ${out}/tree_features.h)
    target_link_libraries(${unit} PRIVATE iovafuzz_under_test kernel_flags_${name})
    set_target_properties(${unit} PROPERTIES
      C_COMPILER_LAUNCHER "${kernel}/compile.sh;${out}/compiler.txt")
    iovafuzz_instrument(${unit} ${kind})
    target_compile_options(${unit} PRIVATE
      $<IF:$<C_COMPILER_ID:Clang>,SHELL:-mllvm -asan-globals=0,--param=asan-globals=0>)
    add_custom_command(OUTPUT ${out}/${kind}.o
      COMMAND ${CMAKE_COMMAND} -DOBJDUMP=${CMAKE_OBJDUMP} -DOBJCOPY=${CMAKE_OBJCOPY}
        -DOBJECT=$<TARGET_OBJECTS:${unit}> -DOUT=${out}/${kind}.o -P ${kernel}/sections.cmake
      DEPENDS ${unit} $<TARGET_OBJECTS:${unit}> ${kernel}/sections.cmake VERBATIM)
    set_source_files_properties(${out}/${kind}.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    # Two libraries may use the object; this target keeps parallel builds from making it twice.
    add_custom_target(kernel_object_${kind}_${name} DEPENDS ${out}/${kind}.o)
    set(objects ${out}/${kind}.o $<TARGET_OBJECTS:kernel_trees_${name}>
      $<TARGET_OBJECTS:kernel_statics>)
    set(made "")
    if(NOT kind STREQUAL "measured")
      set(made kernel_${kind}_${name})
      add_library(${made} STATIC EXCLUDE_FROM_ALL ${objects})
      target_link_libraries(${made} PUBLIC shim)
      target_include_directories(${made} INTERFACE ${out})
    endif()
    if(kind IN_LIST module_kinds)
      iovafuzz_module(kernel ${name} ${kind} ${out} ${objects})
      list(APPEND made ${module})
    endif()
    set_target_properties(${made} PROPERTIES LINKER_LANGUAGE C)
    foreach(library ${made})
      add_dependencies(${library} kernel_object_${kind}_${name})
    endforeach()
  endforeach()

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
