/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomic counters. */
#ifndef IOVAFUZZ_LINUX_ATOMIC_H
#define IOVAFUZZ_LINUX_ATOMIC_H

#include "shim/atomic.h"

#endif
