/* SPDX-License-Identifier: GPL-2.0-only */
/* WARN_ON() and BUG_ON() (linux/bug.h, v6.12). Both raise findings; a run can continue only after
 * WARN_ON(). */
#ifndef IOVAFUZZ_SHIM_BUG_H
#define IOVAFUZZ_SHIM_BUG_H

#include <stdbool.h>

#include "site.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns condition. */
bool shim_warn_on(bool condition, const char* expression, const struct shim_site* site);
void shim_bug_on(bool condition, const char* expression, const struct shim_site* site);

#ifdef __cplusplus
}
#endif

#define WARN_ON(condition) shim_warn_on(!!(condition), #condition, SHIM_SITE)
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#define BUG_ON(condition) shim_bug_on(!!(condition), #condition, SHIM_SITE)
#define BUG() shim_bug_on(true, "BUG", SHIM_SITE)

#endif
