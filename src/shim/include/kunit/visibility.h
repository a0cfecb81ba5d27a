/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that only tests see from outside: all are linked together here. */
#ifndef IOVAFUZZ_KUNIT_VISIBILITY_H
#define IOVAFUZZ_KUNIT_VISIBILITY_H

#define VISIBLE_IF_KUNIT
#define EXPORT_SYMBOL_IF_KUNIT(symbol)

#endif
