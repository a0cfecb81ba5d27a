/* SPDX-License-Identifier: GPL-2.0-only */
/* Large memory in whole pages. */
#ifndef IOVAFUZZ_LINUX_VMALLOC_H
#define IOVAFUZZ_LINUX_VMALLOC_H

#include "shim/slab.h"

/* Size in bytes of a structure with count elements in the array at its end; does not check for
 * overflow. */
#define struct_size(pointer, array, count) \
  (sizeof(*(pointer)) + sizeof(*(pointer)->array) * (size_t)(count))

#endif
