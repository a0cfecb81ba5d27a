/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of whole pages. */
#ifndef IOVAFUZZ_LINUX_VMALLOC_H
#define IOVAFUZZ_LINUX_VMALLOC_H

#include "shim/slab.h"

/* Bytes of a structure with count elements in the array at its end. */
#define struct_size(pointer, array, count) \
  (sizeof(*(pointer)) + sizeof(*(pointer)->array) * (size_t)(count))

#endif
