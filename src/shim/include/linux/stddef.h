/* SPDX-License-Identifier: GPL-2.0-only */
/* NULL and offsetof(); true and false, as in the kernel. */
#ifndef IOVAFUZZ_LINUX_STDDEF_H
#define IOVAFUZZ_LINUX_STDDEF_H

#include <stdbool.h>
#include <stddef.h>

#endif
