# SPDX-License-Identifier: GPL-2.0-only
# Moves the variables and functions of OBJECT, a tree's code, to sections in OUT: iova_statics and
# iova_zeroed, which statics.c restores, and iova_text, by which reports recognize the allocator.
# Some compilers put each instrumented function into a section of its own.
execute_process(COMMAND ${OBJDUMP} -h ${OBJECT} OUTPUT_VARIABLE sections
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " \\.(text|data|bss)[^ \n]*" names "${sections}")
list(REMOVE_DUPLICATES names)
set(renamed "")
foreach(name ${names})
  string(STRIP ${name} name)
  if(name MATCHES "^\\.text")
    list(APPEND renamed --rename-section ${name}=iova_text)
  elseif(name MATCHES "^\\.bss")
    list(APPEND renamed --rename-section ${name}=iova_zeroed)
  elseif(NOT name MATCHES "\\.ro(\\.|$)")
    list(APPEND renamed --rename-section ${name}=iova_statics)
  endif()
endforeach()
execute_process(COMMAND ${OBJCOPY} ${renamed} ${OBJECT} ${OUT} COMMAND_ERROR_IS_FATAL ANY)
