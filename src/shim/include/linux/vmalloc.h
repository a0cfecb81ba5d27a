/* SPDX-License-Identifier: GPL-2.0-only */
/* Large memory in whole pages. */
#ifndef IOVAFUZZ_LINUX_VMALLOC_H
#define IOVAFUZZ_LINUX_VMALLOC_H

#include "shim/slab.h"

static inline size_t shim_struct_size(size_t structure, size_t element, size_t count) {
  size_t size;
  return __builtin_mul_overflow(element, count, &size) ||
                 __builtin_add_overflow(size, structure, &size)
             ? (size_t)-1
             : size;
}
/* Size in bytes of a structure with count elements in the array at its end; SIZE_MAX on overflow.
 */
#define struct_size(pointer, array, count) \
  shim_struct_size(sizeof(*(pointer)), sizeof(*(pointer)->array), (count))

#endif
