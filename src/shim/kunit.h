/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit (kunit/test.h, v6.12 and v6.18): the types that suites are made of, and a runner for one
 * case. The caller owns the world around a case: the runner neither resets it nor looks for leaks.
 */
#ifndef IOVAFUZZ_SHIM_KUNIT_H
#define IOVAFUZZ_SHIM_KUNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "site.h"
#include "slab.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KUNIT_PARAM_DESC_SIZE 128
#define KUNIT_STATUS_COMMENT_SIZE 256

enum kunit_status { KUNIT_SUCCESS, KUNIT_FAILURE, KUNIT_SKIPPED };

struct kunit {
  const char* name;
  void* priv; /* for the suite's use */
  const void* param_value;
  int param_index;
  struct kunit* parent; /* of a parameterized case: the test that param_init() gets */
  enum kunit_status status;
  char status_comment[KUNIT_STATUS_COMMENT_SIZE];
};

enum kunit_speed { KUNIT_SPEED_UNSET, KUNIT_SPEED_VERY_SLOW, KUNIT_SPEED_SLOW, KUNIT_SPEED_NORMAL };
struct kunit_attributes {
  enum kunit_speed speed;
};

typedef const void* (*shim_kunit_generator)(const void* previous, char* description);
typedef const void* (*shim_kunit_generator_of_test)(struct kunit* test, const void* previous,
                                                    char* description);

struct kunit_case {
  void (*run_case)(struct kunit* test);
  const char* name;
  const void* generate_params; /* a generator, of the type that the next field selects */
  bool generator_takes_test;
  int (*param_init)(struct kunit* test);
  void (*param_exit)(struct kunit* test);
  struct kunit_attributes attr;
  const char* module_name;
};

struct kunit_suite {
  const char name[256];
  int (*suite_init)(struct kunit_suite* suite);
  void (*suite_exit)(struct kunit_suite* suite);
  int (*init)(struct kunit* test);
  void (*exit)(struct kunit* test);
  struct kunit_case* test_cases; /* ends with a case without a function */
  struct kunit_attributes attr;
};

/* The suites of a shared object, which exports them under this symbol (kunit_module.c). */
struct kunit_module {
  struct kunit_suite *const *begin, *const *end;
};
#define KUNIT_MODULE_SYMBOL "kunit_module" /* for dlsym() */

/* Source position of an expectation. */
struct shim_kunit_place {
  const char* file;
  int line;
  bool is_assertion;
};
/* Fail a case. The log gets the expression, its values, and the suite's own message. */
void shim_kunit_fail(struct kunit* test, const struct shim_kunit_place* place, const char* what,
                     const char* format, ...) __attribute__((format(printf, 4, 5)));
void shim_kunit_fail_binary(struct kunit* test, const struct shim_kunit_place* place,
                            const char* left, const char* relation, const char* right,
                            long long left_value, long long right_value, const char* format, ...)
    __attribute__((format(printf, 8, 9)));
void shim_kunit_fail_text(struct kunit* test, const struct shim_kunit_place* place,
                          const char* left, const char* relation, const char* right,
                          const char* left_value, const char* right_value, const char* format, ...)
    __attribute__((format(printf, 8, 9)));
/* Leaves the case's function; exit() and the cleanup actions still run. */
__attribute__((noreturn)) void shim_kunit_abort(struct kunit* test);
void shim_kunit_skip(struct kunit* test, const char* format, ...)
    __attribute__((format(printf, 2, 3)));
void shim_kunit_log(struct kunit* test, const char* format, ...)
    __attribute__((format(printf, 2, 3)));

typedef void(kunit_action_t)(void* context);
/* Registers an action for the end of the case, where the newest runs first. 0, or -ENOMEM; with
 * or_reset, a failure runs the action at once. */
int shim_kunit_add_action(struct kunit* test, kunit_action_t* action, void* context, bool or_reset,
                          const struct shim_site* site);
/* Drop the newest matching action; kunit_release_action() also runs it. */
void kunit_remove_action(struct kunit* test, kunit_action_t* action, void* context);
void kunit_release_action(struct kunit* test, kunit_action_t* action, void* context);
/* Memory that is freed at the end of the case. */
void* shim_kunit_kmalloc_array(struct kunit* test, size_t n, size_t size, gfp_t gfp,
                               const struct shim_site* site);
void kunit_kfree(struct kunit* test, const void* memory);
/* The running case, or NULL. */
struct kunit* kunit_get_current_test(void);

#ifdef __cplusplus
}

#include <string>
#include <vector>

namespace shim {

struct KunitResult {
  kunit_status status = KUNIT_SUCCESS;
  std::string why;               // first line of the first failure, or the reason for a skip
  std::vector<std::string> log;  // lines
};

// The suites of a module, without the NULLs that the linker leaves between two lists of suites.
std::vector<kunit_suite*> suites_of(const kunit_module& module);

// Descriptions of the case's parameters, in order; a single "" for a case without parameters.
std::vector<std::string> kunit_parameters(const kunit_case& test_case);

// Runs a case with one of its parameters, between its suite's init and exit. The result is filled
// in while the case runs, in case it does not return.
void run_kunit_case(kunit_suite& suite, const kunit_case& test_case, size_t parameter,
                    KunitResult& result);

}  // namespace shim
#endif

#endif
