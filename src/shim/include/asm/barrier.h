/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory barriers. */
#ifndef IOVAFUZZ_ASM_BARRIER_H
#define IOVAFUZZ_ASM_BARRIER_H

#include <linux/compiler.h>

#endif
