/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation flags. */
#ifndef IOVAFUZZ_LINUX_GFP_H
#define IOVAFUZZ_LINUX_GFP_H

#include "shim/slab.h"

#endif
