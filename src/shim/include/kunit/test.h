/* SPDX-License-Identifier: GPL-2.0-only */
/* KUnit: suites, cases, expectations and assertions. */
#ifndef IOVAFUZZ_KUNIT_TEST_H
#define IOVAFUZZ_KUNIT_TEST_H

#include <kunit/test-bug.h>
#include <linux/container_of.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include "shim/kunit.h"

/* Suites and cases. */
#define SHIM_KUNIT_GENERATOR(generator)         \
  .generate_params = (const void *)(generator), \
  .generator_takes_test =                       \
      __builtin_types_compatible_p(__typeof__(&*(generator)), shim_kunit_generator_of_test)
#define KUNIT_CASE(function) \
  { .run_case = function, .name = #function }
#define KUNIT_CASE_ATTR(function, attributes) \
  { .run_case = function, .name = #function, .attr = attributes }
#define KUNIT_CASE_SLOW(function)                                                 \
  {                                                                               \
    .run_case = function, .name = #function, .attr = {.speed = KUNIT_SPEED_SLOW } \
  }
#define KUNIT_CASE_PARAM(function, generator) \
  { .run_case = function, .name = #function, SHIM_KUNIT_GENERATOR(generator) }
#define KUNIT_CASE_PARAM_ATTR(function, generator, attributes) \
  { .run_case = function, .name = #function, SHIM_KUNIT_GENERATOR(generator), .attr = attributes }
#define KUNIT_CASE_PARAM_WITH_INIT(function, generator, before, after)        \
  {                                                                           \
    .run_case = function, .name = #function, SHIM_KUNIT_GENERATOR(generator), \
    .param_init = before, .param_exit = after                                 \
  }
#define kunit_test_suites(...)                                           \
  static struct kunit_suite *const SHIM_CAT(shim_suites_, __COUNTER__)[] \
      __attribute__((used, section("kunit_suites"))) = {__VA_ARGS__}
#define kunit_test_suite(suite) kunit_test_suites(&suite)
#define kunit_test_init_section_suites(...) kunit_test_suites(__VA_ARGS__)
#define kunit_test_init_section_suite(suite) kunit_test_suites(&suite)

/* Generators of parameters from an array. A function, or a member of the element type, describes an
 * element. */
#define SHIM_KUNIT_ARRAY(name, array, describe)                                                    \
  static const void *name##_gen_params(const void *previous, char *description) {                  \
    __typeof__(&(array)[0]) next = previous ? (__typeof__(&(array)[0]))previous + 1 : &(array)[0]; \
    if (next - (array) >= (long)ARRAY_SIZE(array)) return NULL;                                    \
    describe;                                                                                      \
    return next;                                                                                   \
  }
#define SHIM_KUNIT_DESCRIBE(function)                             \
  do {                                                            \
    void (*shim_describe)(__typeof__(next), char *) = (function); \
    if (shim_describe) shim_describe(next, description);          \
  } while (0)
#define KUNIT_ARRAY_PARAM(name, array, function) \
  SHIM_KUNIT_ARRAY(name, array, SHIM_KUNIT_DESCRIBE(function))
#define KUNIT_ARRAY_PARAM_DESC(name, array, member) \
  SHIM_KUNIT_ARRAY(name, array,                     \
                   __builtin_snprintf(description, KUNIT_PARAM_DESC_SIZE, "%s", next->member))

/* Resources that KUnit releases at the end of a case. */
#define kunit_kmalloc_array(test, n, size, gfp) \
  shim_kunit_kmalloc_array((test), (n), (size), (gfp), SHIM_SITE)
#define kunit_kmalloc(test, size, gfp) kunit_kmalloc_array(test, 1, size, gfp)
#define kunit_kzalloc(test, size, gfp) kunit_kmalloc(test, size, (gfp) | __GFP_ZERO)
#define kunit_kcalloc(test, n, size, gfp) kunit_kmalloc_array(test, n, size, (gfp) | __GFP_ZERO)
#define kunit_kzalloc_obj(test, what, ...) \
  ((__typeof__(what) *)kunit_kzalloc(test, sizeof(__typeof__(what)), SHIM_GFP(__VA_ARGS__)))
#define kunit_kzalloc_objs(test, what, n, ...) \
  ((__typeof__(what) *)kunit_kcalloc(test, n, sizeof(__typeof__(what)), SHIM_GFP(__VA_ARGS__)))
#define kunit_add_action(test, action, context) \
  shim_kunit_add_action((test), (action), (context), false, SHIM_SITE)
#define kunit_add_action_or_reset(test, action, context) \
  shim_kunit_add_action((test), (action), (context), true, SHIM_SITE)
#define KUNIT_DEFINE_ACTION_WRAPPER(wrapper, function, type) \
  static void wrapper(void *context) { function((type)context); }
#define kunit_kstrdup(test, text, gfp)                                            \
  ({                                                                              \
    const char *shim_text = (text);                                               \
    size_t shim_size = shim_text ? strlen(shim_text) + 1 : 0;                     \
    char *shim_copy = shim_text ? kunit_kmalloc((test), shim_size, (gfp)) : NULL; \
    shim_copy ? (char *)memcpy(shim_copy, shim_text, shim_size) : NULL;           \
  })

/* Messages of a case. */
#define kunit_log(level, test, format, ...) shim_kunit_log((test), format, ##__VA_ARGS__)
#define kunit_info(test, format, ...) shim_kunit_log((test), format, ##__VA_ARGS__)
#define kunit_warn(test, format, ...) shim_kunit_log((test), format, ##__VA_ARGS__)
#define kunit_err(test, format, ...) shim_kunit_log((test), format, ##__VA_ARGS__)
#define kunit_mark_skipped(test, format, ...) shim_kunit_skip((test), format, ##__VA_ARGS__)
#define kunit_skip(test, format, ...)               \
  do {                                              \
    shim_kunit_skip((test), format, ##__VA_ARGS__); \
    shim_kunit_abort(test);                         \
  } while (0)

/* A case continues after a failed expectation and ends at a failed assertion. A message is
 * optional. */
#define SHIM_KUNIT_HERE(asserts) (&(const struct shim_kunit_place){__FILE__, __LINE__, asserts})
#define KUNIT_SUCCEED(test) ((void)(test))
#define KUNIT_FAIL(test, format, ...) \
  shim_kunit_fail((test), SHIM_KUNIT_HERE(false), "", format, ##__VA_ARGS__)
#define KUNIT_FAIL_AND_ABORT(test, format, ...) \
  shim_kunit_fail((test), SHIM_KUNIT_HERE(true), "", format, ##__VA_ARGS__)

#define SHIM_KUNIT_THAT(test, asserts, condition, what, ...)                                \
  do {                                                                                      \
    if (!(condition)) shim_kunit_fail((test), SHIM_KUNIT_HERE(asserts), what, __VA_ARGS__); \
  } while (0)
#define SHIM_KUNIT_TRUE(test, asserts, condition, ...)                                          \
  SHIM_KUNIT_THAT(test, asserts, condition, "Expected " #condition " to be true, but is false", \
                  __VA_ARGS__)
#define SHIM_KUNIT_FALSE(test, asserts, condition, ...)                                            \
  SHIM_KUNIT_THAT(test, asserts, !(condition), "Expected " #condition " to be false, but is true", \
                  __VA_ARGS__)
#define SHIM_KUNIT_NULL(test, asserts, pointer, ...) \
  SHIM_KUNIT_THAT(test, asserts, (pointer) == NULL, "Expected " #pointer " == NULL", __VA_ARGS__)
#define SHIM_KUNIT_NOT_NULL(test, asserts, pointer, ...) \
  SHIM_KUNIT_THAT(test, asserts, (pointer) != NULL, "Expected " #pointer " != NULL", __VA_ARGS__)
#define SHIM_KUNIT_NOT_ERR(test, asserts, pointer, ...)    \
  SHIM_KUNIT_THAT(test, asserts, !IS_ERR_OR_NULL(pointer), \
                  "Expected " #pointer " is neither NULL nor an error", __VA_ARGS__)
#define SHIM_KUNIT_BINARY(test, asserts, left, relation, right, ...)                     \
  do {                                                                                   \
    const __auto_type shim_left = (left);                                                \
    const __auto_type shim_right = (right);                                              \
    if (!(shim_left relation shim_right))                                                \
      shim_kunit_fail_binary((test), SHIM_KUNIT_HERE(asserts), #left, #relation, #right, \
                             (long long)shim_left, (long long)shim_right, __VA_ARGS__);  \
  } while (0)
#define SHIM_KUNIT_TEXT(test, asserts, left, relation, right, ...)                                \
  do {                                                                                            \
    const char *shim_left = (left);                                                               \
    const char *shim_right = (right);                                                             \
    if (!shim_left || !shim_right || !(strcmp(shim_left, shim_right) relation 0))                 \
      shim_kunit_fail_text((test), SHIM_KUNIT_HERE(asserts), #left, #relation, #right, shim_left, \
                           shim_right, __VA_ARGS__);                                              \
  } while (0)
#define SHIM_KUNIT_MEMORY(test, asserts, left, relation, right, size, ...)   \
  SHIM_KUNIT_THAT(test, asserts, memcmp((left), (right), (size)) relation 0, \
                  "Expected " #left " " #relation " " #right " in " #size " bytes", __VA_ARGS__)

#define KUNIT_EXPECT_TRUE(test, c) SHIM_KUNIT_TRUE(test, false, c, NULL)
#define KUNIT_EXPECT_TRUE_MSG(test, c, ...) SHIM_KUNIT_TRUE(test, false, c, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE(test, c) SHIM_KUNIT_FALSE(test, false, c, NULL)
#define KUNIT_EXPECT_FALSE_MSG(test, c, ...) SHIM_KUNIT_FALSE(test, false, c, __VA_ARGS__)
#define KUNIT_EXPECT_NULL(test, p) SHIM_KUNIT_NULL(test, false, p, NULL)
#define KUNIT_EXPECT_NULL_MSG(test, p, ...) SHIM_KUNIT_NULL(test, false, p, __VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL(test, p) SHIM_KUNIT_NOT_NULL(test, false, p, NULL)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, p, ...) SHIM_KUNIT_NOT_NULL(test, false, p, __VA_ARGS__)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL(test, p) SHIM_KUNIT_NOT_ERR(test, false, p, NULL)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL_MSG(test, p, ...) \
  SHIM_KUNIT_NOT_ERR(test, false, p, __VA_ARGS__)
#define KUNIT_EXPECT_EQ(test, l, r) SHIM_KUNIT_BINARY(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_EQ_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_NE(test, l, r) SHIM_KUNIT_BINARY(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_NE_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_LT(test, l, r) SHIM_KUNIT_BINARY(test, false, l, <, r, NULL)
#define KUNIT_EXPECT_LT_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, false, l, <, r, __VA_ARGS__)
#define KUNIT_EXPECT_LE(test, l, r) SHIM_KUNIT_BINARY(test, false, l, <=, r, NULL)
#define KUNIT_EXPECT_LE_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, false, l, <=, r, __VA_ARGS__)
#define KUNIT_EXPECT_GT(test, l, r) SHIM_KUNIT_BINARY(test, false, l, >, r, NULL)
#define KUNIT_EXPECT_GT_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, false, l, >, r, __VA_ARGS__)
#define KUNIT_EXPECT_GE(test, l, r) SHIM_KUNIT_BINARY(test, false, l, >=, r, NULL)
#define KUNIT_EXPECT_GE_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, false, l, >=, r, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ(test, l, r) SHIM_KUNIT_BINARY(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_PTR_EQ_MSG(test, l, r, ...) \
  SHIM_KUNIT_BINARY(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_PTR_NE(test, l, r) SHIM_KUNIT_BINARY(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_PTR_NE_MSG(test, l, r, ...) \
  SHIM_KUNIT_BINARY(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_STREQ(test, l, r) SHIM_KUNIT_TEXT(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_STREQ_MSG(test, l, r, ...) SHIM_KUNIT_TEXT(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_STRNEQ(test, l, r) SHIM_KUNIT_TEXT(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_STRNEQ_MSG(test, l, r, ...) SHIM_KUNIT_TEXT(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_MEMEQ(test, l, r, n) SHIM_KUNIT_MEMORY(test, false, l, ==, r, n, NULL)
#define KUNIT_EXPECT_MEMEQ_MSG(test, l, r, n, ...) \
  SHIM_KUNIT_MEMORY(test, false, l, ==, r, n, __VA_ARGS__)
#define KUNIT_EXPECT_MEMNEQ(test, l, r, n) SHIM_KUNIT_MEMORY(test, false, l, !=, r, n, NULL)
#define KUNIT_EXPECT_MEMNEQ_MSG(test, l, r, n, ...) \
  SHIM_KUNIT_MEMORY(test, false, l, !=, r, n, __VA_ARGS__)

#define KUNIT_ASSERT_TRUE(test, c) SHIM_KUNIT_TRUE(test, true, c, NULL)
#define KUNIT_ASSERT_TRUE_MSG(test, c, ...) SHIM_KUNIT_TRUE(test, true, c, __VA_ARGS__)
#define KUNIT_ASSERT_FALSE(test, c) SHIM_KUNIT_FALSE(test, true, c, NULL)
#define KUNIT_ASSERT_FALSE_MSG(test, c, ...) SHIM_KUNIT_FALSE(test, true, c, __VA_ARGS__)
#define KUNIT_ASSERT_NULL(test, p) SHIM_KUNIT_NULL(test, true, p, NULL)
#define KUNIT_ASSERT_NULL_MSG(test, p, ...) SHIM_KUNIT_NULL(test, true, p, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(test, p) SHIM_KUNIT_NOT_NULL(test, true, p, NULL)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, p, ...) SHIM_KUNIT_NOT_NULL(test, true, p, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p) SHIM_KUNIT_NOT_ERR(test, true, p, NULL)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, p, ...) \
  SHIM_KUNIT_NOT_ERR(test, true, p, __VA_ARGS__)
#define KUNIT_ASSERT_EQ(test, l, r) SHIM_KUNIT_BINARY(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_EQ_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_NE(test, l, r) SHIM_KUNIT_BINARY(test, true, l, !=, r, NULL)
#define KUNIT_ASSERT_NE_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_LT(test, l, r) SHIM_KUNIT_BINARY(test, true, l, <, r, NULL)
#define KUNIT_ASSERT_LT_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, true, l, <, r, __VA_ARGS__)
#define KUNIT_ASSERT_LE(test, l, r) SHIM_KUNIT_BINARY(test, true, l, <=, r, NULL)
#define KUNIT_ASSERT_LE_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, true, l, <=, r, __VA_ARGS__)
#define KUNIT_ASSERT_GT(test, l, r) SHIM_KUNIT_BINARY(test, true, l, >, r, NULL)
#define KUNIT_ASSERT_GT_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, true, l, >, r, __VA_ARGS__)
#define KUNIT_ASSERT_GE(test, l, r) SHIM_KUNIT_BINARY(test, true, l, >=, r, NULL)
#define KUNIT_ASSERT_GE_MSG(test, l, r, ...) SHIM_KUNIT_BINARY(test, true, l, >=, r, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_EQ(test, l, r) SHIM_KUNIT_BINARY(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_PTR_EQ_MSG(test, l, r, ...) \
  SHIM_KUNIT_BINARY(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_NE(test, l, r) SHIM_KUNIT_BINARY(test, true, l, !=, r, NULL)
#define KUNIT_ASSERT_PTR_NE_MSG(test, l, r, ...) \
  SHIM_KUNIT_BINARY(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_STREQ(test, l, r) SHIM_KUNIT_TEXT(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_STREQ_MSG(test, l, r, ...) SHIM_KUNIT_TEXT(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_STRNEQ(test, l, r) SHIM_KUNIT_TEXT(test, true, l, !=, r, NULL)
#define KUNIT_ASSERT_STRNEQ_MSG(test, l, r, ...) SHIM_KUNIT_TEXT(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_MEMEQ(test, l, r, n) SHIM_KUNIT_MEMORY(test, true, l, ==, r, n, NULL)
#define KUNIT_ASSERT_MEMEQ_MSG(test, l, r, n, ...) \
  SHIM_KUNIT_MEMORY(test, true, l, ==, r, n, __VA_ARGS__)
#define KUNIT_ASSERT_MEMNEQ(test, l, r, n) SHIM_KUNIT_MEMORY(test, true, l, !=, r, n, NULL)
#define KUNIT_ASSERT_MEMNEQ_MSG(test, l, r, n, ...) \
  SHIM_KUNIT_MEMORY(test, true, l, !=, r, n, __VA_ARGS__)

#endif
