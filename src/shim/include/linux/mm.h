/* SPDX-License-Identifier: GPL-2.0-only */
/* Page size. */
#ifndef IOVAFUZZ_LINUX_MM_H
#define IOVAFUZZ_LINUX_MM_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include "shim/types.h"

#endif
