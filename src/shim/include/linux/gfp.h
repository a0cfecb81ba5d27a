/* SPDX-License-Identifier: GPL-2.0-only */
/* How memory may be had. */
#ifndef IOVAFUZZ_LINUX_GFP_H
#define IOVAFUZZ_LINUX_GFP_H

#include "shim/slab.h"

#endif
