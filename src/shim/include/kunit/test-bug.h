/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to the running case from code that is not a test. */
#ifndef IOVAFUZZ_KUNIT_TEST_BUG_H
#define IOVAFUZZ_KUNIT_TEST_BUG_H

#include "shim/kunit.h"

#define kunit_fail_current_test(format, ...)                                                   \
  do {                                                                                         \
    if (kunit_get_current_test())                                                              \
      shim_kunit_fail(kunit_get_current_test(),                                                \
                      &(const struct shim_kunit_place){__FILE__, __LINE__, false}, "", format, \
                      ##__VA_ARGS__);                                                          \
  } while (0)

#endif
