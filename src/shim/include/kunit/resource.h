/* SPDX-License-Identifier: GPL-2.0-only */
/* Resources that KUnit releases at the end of a case. */
#ifndef IOVAFUZZ_KUNIT_RESOURCE_H
#define IOVAFUZZ_KUNIT_RESOURCE_H

#include <kunit/test.h>

#endif
