/* SPDX-License-Identifier: GPL-2.0-only */
/* What a case owns until its end. */
#ifndef IOVAFUZZ_KUNIT_RESOURCE_H
#define IOVAFUZZ_KUNIT_RESOURCE_H

#include <kunit/test.h>

#endif
