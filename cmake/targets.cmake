# SPDX-License-Identifier: GPL-2.0-only
# Fuzz targets. iovafuzz_target(name SEEDS folder...) builds from fuzz/name.cc, which gives the
# largest input size, and from the seeds in those folders of corpus/ (default: name):
#   the binaries bin/<variant>/name, the seed corpus corpus/name/, name.options, name.dict,
#   the regression test regression.name, the AFL++ mutator bin/aflpp/name.so, and a row in the list
#   of targets.
# COMPARES: binaries exist for kernel trees only, and the target compares one with the port.
# SEEKS_COST: engines are also guided by the cost of operations. WATCHED: the shim observes every
# access of the allocator. TEXT: there is one binary, bin/text/name, which reads the seeds as text.

set(harness ${CMAKE_SOURCE_DIR}/fuzz/harness)
set_property(GLOBAL PROPERTY IOVAFUZZ_TARGET_ROWS "// Generated from fuzz/CMakeLists.txt.\n")
set_property(GLOBAL PROPERTY IOVAFUZZ_TARGET_SOURCES "")

# Everything in an OSS-Fuzz build; the installation component of the same name copies it to a
# folder.
add_custom_target(fuzz_targets)

function(iovafuzz_write_options variant name)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/bin/${variant}/${name}.options
    CONTENT "[libfuzzer]\nmax_len = ${max_len}\ndict = ${name}.dict\n")
endfunction()

# Installs a binary as `as`. The variant kernel-tree is the tree in the environment variable
# IOVAFUZZ_KERNEL_TREE.
function(iovafuzz_install_target name variant as)
  if(NOT TARGET ${name}-${variant})
    return()
  endif()
  add_dependencies(fuzz_targets ${name}-${variant})
  set(folder ${CMAKE_BINARY_DIR}/bin/${variant})
  install(PROGRAMS ${folder}/${name} RENAME ${as} DESTINATION . COMPONENT fuzz_targets)
  install(FILES ${folder}/${name}.dict RENAME ${as}.dict DESTINATION . COMPONENT fuzz_targets)
  iovafuzz_write_options(${variant} ${as})
  install(FILES ${folder}/${as}.options DESTINATION . COMPONENT fuzz_targets)
  install(FILES ${CMAKE_BINARY_DIR}/corpus/${name}_seed_corpus.zip
    RENAME ${as}_seed_corpus.zip DESTINATION . COMPONENT fuzz_targets)
endfunction()

# Seeds are text; engines need bytes.
function(iovafuzz_seeds name)
  list(TRANSFORM arg_SEEDS PREPEND ${CMAKE_SOURCE_DIR}/corpus/)
  set(patterns ${arg_SEEDS})
  list(TRANSFORM patterns APPEND /*.iova)
  file(GLOB seeds CONFIGURE_DEPENDS ${patterns})
  set(folder ${CMAKE_BINARY_DIR}/corpus/${name})
  set(archive ${CMAKE_BINARY_DIR}/corpus/${name}_seed_corpus.zip)
  set(fill assemble_seeds ${folder} ${seeds}) # a cross build runs this under emulation
  if(arg_TEXT)
    set(fill ${CMAKE_COMMAND} -E copy ${seeds} ${folder})
  endif()
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${folder}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${fill}
    COMMAND ${CMAKE_COMMAND} -E chdir ${folder} ${CMAKE_COMMAND} -E tar cf ${archive} --format=zip .
    DEPENDS ${seeds} assemble_seeds VERBATIM)
  add_custom_target(seeds-${name} DEPENDS ${archive})
endfunction()

function(iovafuzz_target name)
  cmake_parse_arguments(arg "COMPARES;TEXT;SEEKS_COST;WATCHED" "" "SEEDS" ${ARGN})
  set(source ${CMAKE_SOURCE_DIR}/fuzz/${name}.cc)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(STRINGS ${source} max_len REGEX "max_len = ")
  string(REGEX REPLACE "[^0-9]" "" max_len "${max_len}")
  set_property(GLOBAL APPEND_STRING PROPERTY IOVAFUZZ_TARGET_ROWS "TARGET(${name})\n")
  set_property(GLOBAL APPEND PROPERTY IOVAFUZZ_TARGET_SOURCES ${source})
  if(IOVAFUZZ_TOOL)
    add_library(aflpp-${name} MODULE EXCLUDE_FROM_ALL
      ${harness}/aflpp_mutator.cc ${harness}/this_target.cc ${source})
    set_target_properties(aflpp-${name} PROPERTIES OUTPUT_NAME ${name} PREFIX ""
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/aflpp)
    target_compile_definitions(aflpp-${name} PRIVATE IOVAFUZZ_TARGET=${name})
    target_include_directories(aflpp-${name} PRIVATE ${CMAKE_BINARY_DIR}/fuzz)
    target_link_libraries(aflpp-${name} PRIVATE iovafuzz_harness ${fmt} $<TARGET_FILE:program>)
    add_dependencies(aflpp-${name} program)
  endif()
  if(NOT IOVAFUZZ_TARGETS)
    return()
  endif()
  if(NOT arg_SEEDS)
    set(arg_SEEDS ${name})
  endif()
  iovafuzz_seeds(${name})

  get_property(fuzzed GLOBAL PROPERTY IOVAFUZZ_FUZZED)
  list(REMOVE_DUPLICATES fuzzed)
  set(variants ${IOVAFUZZ_REVISIONS})
  foreach(variant ${fuzzed})
    if(TARGET variant_${variant}) # a tree may have been removed
      list(APPEND variants ${variant})
    endif()
  endforeach()
  set(main ${source} ${harness}/this_target.cc)
  set(objects $<TARGET_OBJECTS:common_edge> $<TARGET_OBJECTS:libfuzzer>)
  set(tested fixed)
  if(arg_TEXT)
    set(variants text)
    set(tested text)
    list(APPEND main ${harness}/libfuzzer_text.cc)
    set(objects $<TARGET_OBJECTS:program_guided>)
  elseif(arg_COMPARES)
    list(FILTER variants INCLUDE REGEX "^kernel-")
  endif()
  if(arg_SEEKS_COST)
    list(APPEND main ${harness}/costs.cc)
  endif()
  set(kind guided)
  if(arg_WATCHED)
    set(kind watched)
  endif()
  # Compiled once, so that a new variant costs only a link.
  add_library(main-${name} OBJECT EXCLUDE_FROM_ALL ${main})
  iovafuzz_batches(main-${name} 0)
  target_compile_definitions(main-${name} PRIVATE IOVAFUZZ_TARGET=${name})
  target_include_directories(main-${name} PRIVATE ${CMAKE_BINARY_DIR}/fuzz)
  target_link_libraries(main-${name} PRIVATE iovafuzz_harness engine)
  foreach(variant ${variants})
    set(binary ${name}-${variant})
    add_executable(${binary} EXCLUDE_FROM_ALL
      $<TARGET_OBJECTS:main-${name}> $<TARGET_OBJECTS:entry> ${objects})
    set_target_properties(${binary} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE CXX
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/${variant})
    target_link_libraries(${binary} PRIVATE engine)
    if(NOT arg_TEXT)
      target_sources(${binary} PRIVATE $<TARGET_OBJECTS:variant_${variant}>)
      target_link_libraries(${binary} PRIVATE variant_${kind}_${variant})
    endif()
    target_link_libraries(${binary} PRIVATE fuzzing_engine)
    add_custom_command(TARGET ${binary} POST_BUILD
      COMMAND write_dictionary ${name} ${CMAKE_BINARY_DIR}/bin/${variant}/${name}.dict VERBATIM)
    iovafuzz_write_options(${variant} ${name})
    add_dependencies(${binary} seeds-${name} write_dictionary)
  endforeach()
  # Everything that a plain campaign of the target runs; the launcher builds it beside the command.
  add_custom_target(campaign-${name})
  if(TARGET ${name}-${tested})
    add_dependencies(campaign-${name} ${name}-${tested})
  else()
    add_dependencies(campaign-${name} main-${name})
  endif()
  if(IOVAFUZZ_TOOL AND NOT arg_TEXT)
    add_dependencies(campaign-${name} port_module_fixed)
  endif()
  iovafuzz_install_target(${name} ${tested} ${name})
  if(NOT arg_TEXT)
    iovafuzz_install_target(${name} kernel-tree ${name}_kernel)
  endif()
  if(IOVAFUZZ_TOOL AND NOT arg_COMPARES)
    add_dependencies(tests ${name}-${tested})
    add_test(NAME regression.${name}
      COMMAND ${name}-${tested} -runs=0 ${CMAKE_BINARY_DIR}/corpus/${name})
  endif()
endfunction()

# Call it after all targets: writes the list of targets and builds a library with their descriptions
# for commands.
function(iovafuzz_list_targets)
  get_property(rows GLOBAL PROPERTY IOVAFUZZ_TARGET_ROWS)
  get_property(sources GLOBAL PROPERTY IOVAFUZZ_TARGET_SOURCES)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/fuzz/targets.inc CONTENT "${rows}")
  add_library(targets STATIC EXCLUDE_FROM_ALL ${sources})
  iovafuzz_batches(targets 0)
  target_include_directories(targets PUBLIC ${CMAKE_BINARY_DIR}/fuzz)
  target_link_libraries(targets PUBLIC engine PRIVATE iovafuzz_harness)
endfunction()
