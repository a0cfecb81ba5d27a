# SPDX-License-Identifier: GPL-2.0-only
# Chooses the fmt library. Commands use the installed one. Builds of targets alone may use another
# C++ library, and cross builds another architecture; they compile fmt from its headers, once.
if((IOVAFUZZ_TOOL OR IOVAFUZZ_HARNESS) AND NOT CMAKE_CROSSCOMPILING)
  set(fmt fmt::fmt)
else()
  set(fmt iovafuzz_fmt)
  add_library(iovafuzz_fmt STATIC EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/fmt.cc)
  target_include_directories(iovafuzz_fmt PUBLIC
    $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
  # Without inlining, all of its functions are in this object.
  target_compile_options(iovafuzz_fmt PRIVATE -fno-inline ${unguided} ${unasked})
  target_link_libraries(iovafuzz_fmt PRIVATE iovafuzz_common)
  if(fmt_VERSION VERSION_LESS 11)
    # Later compilers do not accept the formats inside this fmt as constant expressions.
    target_compile_definitions(iovafuzz_fmt PUBLIC FMT_CONSTEVAL=)
  endif()
endif()
