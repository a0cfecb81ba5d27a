/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and string functions, from the C library. */
#ifndef IOVAFUZZ_LINUX_STRING_H
#define IOVAFUZZ_LINUX_STRING_H

#include <string.h>

#endif
