/* SPDX-License-Identifier: GPL-2.0-only */
/* WARN_ON() and BUG_ON() raise findings; BUILD_BUG_ON() is checked at build time. */
#ifndef IOVAFUZZ_LINUX_BUG_H
#define IOVAFUZZ_LINUX_BUG_H

#include "shim/bug.h"

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
/* The message is optional. */
#define static_assert(condition, ...) _Static_assert(condition, #condition)

#endif
