/* SPDX-License-Identifier: GPL-2.0-only */
/* A suite as in kernel code; its cases use everything that a suite may use. */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <kunit/visibility.h>
#include <linux/debugfs.h>
#include <linux/random.h>

#include "shim/kunit_module.c"

static int order; /* number of calls so far */
static char called[16];
static void note(char what) {
  called[order++] = what;
  called[order] = 0;
}
const char* what_was_called(void);
const char* what_was_called(void) { return called; }

static int suite_init(struct kunit_suite* suite) {
  order = 0;
  note(suite->name[0]);
  return 0;
}
static void suite_exit(struct kunit_suite* suite) {
  (void)suite;
  note('S');
}
static int init(struct kunit* test) {
  note('i');
  test->priv = &order;
  return 0;
}
static void done(struct kunit* test) {
  note('e');
  KUNIT_EXPECT_PTR_EQ(test, test->priv, (void*)&order);
}

static void all_hold(struct kunit* test) {
  const char *text = "text", *copy = kunit_kstrdup(test, text, GFP_KERNEL);
  int a = 1;
  KUNIT_SUCCEED(test);
  KUNIT_EXPECT_TRUE(test, a);
  KUNIT_EXPECT_FALSE_MSG(test, a == 2, "a is %d", a);
  KUNIT_EXPECT_EQ(test, a++, 1);
  KUNIT_ASSERT_EQ_MSG(test, a, 2, "evaluated once");
  KUNIT_EXPECT_NE(test, a, 1ul);
  KUNIT_EXPECT_LT(test, a, 3);
  KUNIT_EXPECT_LE(test, a, 2);
  KUNIT_EXPECT_GT(test, a, 1);
  KUNIT_ASSERT_GE(test, a, 2);
  KUNIT_ASSERT_NOT_NULL(test, copy);
  KUNIT_EXPECT_NULL(test, kunit_kstrdup(test, NULL, GFP_KERNEL));
  KUNIT_EXPECT_PTR_NE(test, text, copy);
  KUNIT_EXPECT_STREQ(test, text, copy);
  KUNIT_EXPECT_STRNEQ(test, text, "texts");
  KUNIT_EXPECT_MEMEQ(test, text, copy, 5);
  KUNIT_EXPECT_MEMNEQ(test, text, "test", 4);
  KUNIT_EXPECT_NOT_ERR_OR_NULL(test, copy);
  KUNIT_EXPECT_TRUE(test, IS_ERR(ERR_PTR(-EIO)) && PTR_ERR(ERR_PTR(-EIO)) == -EIO);
  KUNIT_EXPECT_PTR_EQ(test, kunit_get_current_test(), test);
  KUNIT_EXPECT_STREQ(test, test->name, "all_hold");
  {
    char small[4];
    size_t size = sizeof(small);
    KUNIT_EXPECT_EQ(test, scnprintf(small, size, "%s", strchr("x12345", '1')), 3);
    KUNIT_EXPECT_STREQ(test, small, "123");
  }
}

static void expectations_go_on(struct kunit* test) {
  const char* none = NULL;
  unsigned long big = 0xfff;
  KUNIT_EXPECT_EQ(test, big, 16);
  KUNIT_EXPECT_STREQ_MSG(test, none, "x", "message %d\n", 7);
  KUNIT_EXPECT_NULL(test, test);
  KUNIT_FAIL(test, "failed for %s", "good");
  kunit_fail_current_test("and again");
  note('c');
}

static void assertions_end(struct kunit* test) {
  KUNIT_ASSERT_TRUE_MSG(test, order < 0, "order is %d", order);
  note('c');
}

static void act(void* context) { note(*(char*)context); }
KUNIT_DEFINE_ACTION_WRAPPER(free_wrapped, kfree, void*)

static void owns_until_its_end(struct kunit* test) {
  static char names[] = "123";
  void* memory = kunit_kmalloc(test, 8, GFP_KERNEL);
  unsigned char* zeroed = kunit_kcalloc(test, 2, 4, GFP_KERNEL);
  KUNIT_ASSERT_NOT_NULL(test, zeroed);
  KUNIT_EXPECT_EQ(test, zeroed[7], 0);
  KUNIT_ASSERT_EQ(test, kunit_add_action(test, act, &names[0]), 0);
  KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, act, &names[1]), 0);
  KUNIT_ASSERT_EQ(test, kunit_add_action(test, act, &names[2]), 0);
  KUNIT_ASSERT_EQ(test, kunit_add_action(test, free_wrapped, kmalloc(4, GFP_KERNEL)), 0);
  kunit_kfree(test, memory);
  kunit_remove_action(test, act, &names[2]);
  kunit_release_action(test, act, &names[0]);
  current->fail_nth = 1;
  shim_failslab.ignore_gfp_wait = false;
  KUNIT_EXPECT_EQ(test, kunit_add_action_or_reset(test, act, &names[2]), -ENOMEM);
  KUNIT_EXPECT_EQ(test, current->fail_nth, 0);
  KUNIT_FAIL_AND_ABORT(test, "what is owned is freed all the same");
}

static void is_skipped(struct kunit* test) {
  kunit_info(test, "on %u CPUs\n", num_possible_cpus());
  kunit_skip(test, "needs CPU %d", 99);
  note('c');
}

static const struct number {
  int value;
  const char* name;
} numbers[] = {{2, "two"}, {3, "three"}, {4, "four"}};
KUNIT_ARRAY_PARAM_DESC(number, numbers, name);
static void describe(const struct number* number, char* description) {
  strcpy(description, number->name + 1);
}
KUNIT_ARRAY_PARAM(described, numbers, describe);

static void is_even(struct kunit* test) {
  const struct number* number = test->param_value;
  KUNIT_EXPECT_EQ(test, number->value, test->param_index + 2);
  KUNIT_EXPECT_EQ(test, number->value % 2, 0);
}

static const void* twice(struct kunit* test, const void* previous, char* description) {
  static const int ends[2];
  (void)test;
  (void)description;
  return !previous ? &ends[0] : previous == &ends[0] ? &ends[1] : NULL;
}

static void is_run(struct kunit* test) { KUNIT_ASSERT_NOT_NULL(test, test->param_value); }

static void uses_the_kernel(struct kunit* test) {
  struct dentry* failslab = debugfs_lookup("failslab", NULL);
  unsigned long flags;
  ktime_t start = ktime_get();
  KUNIT_ASSERT_NOT_NULL(test, failslab);
  KUNIT_EXPECT_NULL(test, debugfs_lookup("fail_page_alloc", NULL));
  current->fail_nth = 2;
  KUNIT_EXPECT_NOT_NULL(test, kunit_kmalloc(test, 1, GFP_KERNEL)); /* spared */
  *(bool*)d_inode(debugfs_lookup("ignore-gfp-wait", failslab))->i_private = false;
  KUNIT_EXPECT_NULL(test, kunit_kmalloc(test, 1, GFP_KERNEL)); /* its record is the second */
  local_irq_save(flags);
  KUNIT_EXPECT_TRUE(test, irqs_disabled());
  local_irq_restore(flags);
  local_irq_disable();
  local_irq_disable();
  local_irq_enable();
  KUNIT_EXPECT_FALSE(test, irqs_disabled());
  msleep(20);
  KUNIT_EXPECT_EQ(test, ktime_to_ms(ktime_sub(ktime_get(), start)), 20);
  KUNIT_EXPECT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(1)), 0);
  KUNIT_EXPECT_EQ(test, raw_smp_processor_id(), 1);
  KUNIT_EXPECT_EQ(test, remove_cpu(1), 0);
  KUNIT_EXPECT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(1)), -EINVAL);
  KUNIT_EXPECT_EQ(test, remove_cpu(0), -EBUSY);
  KUNIT_EXPECT_EQ(test, add_cpu(1), 0);
  KUNIT_EXPECT_EQ(test, add_cpu(77), -EINVAL);
  KUNIT_EXPECT_LT(test, get_random_u32_below(3), 3);
}

VISIBLE_IF_KUNIT struct kunit_case cases[] = {
    KUNIT_CASE(all_hold),
    KUNIT_CASE(expectations_go_on),
    KUNIT_CASE_SLOW(assertions_end),
    KUNIT_CASE(owns_until_its_end),
    KUNIT_CASE(is_skipped),
    KUNIT_CASE_PARAM(is_even, number_gen_params),
    KUNIT_CASE_PARAM(is_even, described_gen_params),
    KUNIT_CASE_PARAM(is_run, twice),
    KUNIT_CASE(uses_the_kernel),
    {},
};
static struct kunit_suite suite = {
    .name = "first",
    .suite_init = suite_init,
    .suite_exit = suite_exit,
    .init = init,
    .exit = done,
    .test_cases = cases,
};

static int init_fails(struct kunit* test) {
  (void)test;
  return -ENOMEM;
}
static int suite_init_fails(struct kunit_suite* suite) {
  (void)suite;
  return -ENOENT;
}
static struct kunit_case others[] = {KUNIT_CASE(is_run), {}};
static struct kunit_suite second = {.name = "second", .init = init_fails, .test_cases = others};
static struct kunit_suite third = {
    .name = "third", .suite_init = suite_init_fails, .test_cases = others};
kunit_test_suite(suite);
kunit_test_suites(&second, &third);
