/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions to lockdep, which is on. */
#ifndef IOVAFUZZ_LINUX_LOCKDEP_H
#define IOVAFUZZ_LINUX_LOCKDEP_H

#include "shim/locks.h"
#include "shim/rcu.h"

#endif
