# SPDX-License-Identifier: GPL-2.0-only
# What formats text. Commands take fmt's own library. Builds of targets alone may be of another C++
# library, and cross builds are of another processor, which that does not fit: they compile it from
# its headers, once.
if((IOVAFUZZ_TOOL OR IOVAFUZZ_HARNESS) AND NOT CMAKE_CROSSCOMPILING)
  set(fmt fmt::fmt)
else()
  set(fmt iovafuzz_fmt)
  add_library(iovafuzz_fmt STATIC EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/fmt.cc)
  target_include_directories(iovafuzz_fmt PUBLIC
    $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
  # What is inlined everywhere would be in no object.
  target_compile_options(iovafuzz_fmt PRIVATE -fno-inline ${unguided} ${unasked})
  target_link_libraries(iovafuzz_fmt PRIVATE iovafuzz_common)
  if(fmt_VERSION VERSION_LESS 11)
    # Its own formats are no constant expressions to later compilers.
    target_compile_definitions(iovafuzz_fmt PUBLIC FMT_CONSTEVAL=)
  endif()
endif()
