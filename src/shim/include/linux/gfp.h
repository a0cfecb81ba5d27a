/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation flags, and the headers that come with them in the kernel, by linux/mmzone.h. */
#ifndef IOVAFUZZ_LINUX_GFP_H
#define IOVAFUZZ_LINUX_GFP_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/topology.h>
#include "shim/slab.h"

#endif
