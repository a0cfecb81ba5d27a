/* SPDX-License-Identifier: GPL-2.0-only */
/* Lockdep's queries and assertions; lockdep is always on. */
#ifndef IOVAFUZZ_LINUX_LOCKDEP_H
#define IOVAFUZZ_LINUX_LOCKDEP_H

#include "shim/locks.h"
#include "shim/rcu.h"

#endif
