/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of each shared object with suites: exports the section in which the linker collects them. */
#include "shim/kunit.h"

#define EDGE __attribute__((weak, visibility("hidden")))
extern struct kunit_suite* const __start_kunit_suites[] EDGE;
extern struct kunit_suite* const __stop_kunit_suites[] EDGE;

__attribute__((visibility("default")))
const struct kunit_module kunit_module = {__start_kunit_suites, __stop_kunit_suites};
