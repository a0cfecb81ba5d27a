/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that are exported for KUnit only. The macros do nothing, since everything is linked
 * together. */
#ifndef IOVAFUZZ_KUNIT_VISIBILITY_H
#define IOVAFUZZ_KUNIT_VISIBILITY_H

#define VISIBLE_IF_KUNIT
#define EXPORT_SYMBOL_IF_KUNIT(symbol)

#endif
