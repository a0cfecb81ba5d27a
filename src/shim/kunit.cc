// SPDX-License-Identifier: GPL-2.0-only
#include "kunit.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <exception>
#include <iterator>

#include "task.h"

namespace shim {
namespace {

// Thrown by an assertion, through the suite's C code, to attempt().
struct Aborted {};

struct Action {
  kunit_action_t* function;
  void* context;
  void* record;  // allocated for each action, as KUnit does
  bool operator==(const Action& other) const {
    return function == other.function && context == other.context;
  }
};

KunitResult* result;  // of the running case
std::vector<Action> actions;

constexpr shim_site cleanup{"kunit_cleanup", __FILE__, 0};

std::string printed(const char* format, va_list arguments) {
  if (!format) return "";
  va_list again;
  va_copy(again, arguments);
  int size = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  std::string text(static_cast<size_t>(std::max(size, 0)) + 1, '\0');
  vsnprintf(text.data(), text.size(), format, arguments);
  text.resize(text.size() - 1);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

void log_lines(const std::string& text) {
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    result->log.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

void fail(kunit* test, const shim_kunit_place* place, const std::string& what,
          const std::string& message) {
  test->status = KUNIT_FAILURE;
  std::string head =
      fmt::format("# {}: {} FAILED at {}:{}", test->name,
                  place->is_assertion ? "ASSERTION" : "EXPECTATION", place->file, place->line);
  if (result->why.empty())
    result->why = fmt::format("{}:{}: {}", place->file, place->line,
                              what.empty() ? message : what.substr(0, what.find('\n')));
  log_lines(head);
  if (!what.empty()) log_lines(what);
  if (!message.empty()) log_lines(message);
  if (place->is_assertion) shim_kunit_abort(test);
}

void fail(kunit* test, const std::string& why) {
  test->status = KUNIT_FAILURE;
  if (result->why.empty()) result->why = why;
  log_lines(fmt::format("# {}: {}", test->name, why));
}

void forget(std::vector<Action>::reverse_iterator at) {
  (kfree)(at->record, &cleanup);
  actions.erase(std::next(at).base());
}

const void* next_parameter(const kunit_case& test_case, kunit* test, const void* previous,
                           char* description) {
  if (test_case.generator_takes_test)
    return reinterpret_cast<shim_kunit_generator_of_test>(
        reinterpret_cast<uintptr_t>(test_case.generate_params))(test, previous, description);
  return reinterpret_cast<shim_kunit_generator>(
      reinterpret_cast<uintptr_t>(test_case.generate_params))(previous, description);
}

template <class Code>
void attempt(Code code) {
  try {
    code();
  } catch (Aborted) {
  }
}

}  // namespace

std::vector<kunit_suite*> suites_of(const kunit_module& module) {
  std::vector<kunit_suite*> all;
  std::copy_if(module.begin, module.end, std::back_inserter(all),
               [](const kunit_suite* suite) { return suite != nullptr; });
  return all;
}

std::vector<std::string> kunit_parameters(const kunit_case& test_case) {
  if (!test_case.generate_params) return {""};
  std::vector<std::string> all;
  kunit test{};
  test.name = test_case.name;
  char description[KUNIT_PARAM_DESC_SIZE] = "";
  for (const void* value = nullptr;
       (value = next_parameter(test_case, &test, value, description)) != nullptr;) {
    all.push_back(*description ? description : fmt::format("param-{}", all.size()));
    *description = 0;
  }
  return all;
}

void run_kunit_case(kunit_suite& suite, const kunit_case& test_case, size_t parameter,
                    KunitResult& into) {
  into = {};
  result = &into;
  actions.clear();
  kunit shared{}, test{};
  shared.name = test.name = test_case.name;
  test.parent = test_case.generate_params ? &shared : nullptr;
  shim_current_task.kunit_test = &test;
  auto run = [&] {
    if (test_case.param_init)
      if (int error = test_case.param_init(&shared))
        return fail(&test, fmt::format("param_init() returned {}", error));
    char description[KUNIT_PARAM_DESC_SIZE] = "";
    if (test_case.generate_params)
      for (size_t i = 0; i <= parameter; i++)
        test.param_value = next_parameter(test_case, &shared, test.param_value, description);
    test.param_index = static_cast<int>(parameter);
    attempt([&] {
      int error = suite.init ? suite.init(&test) : 0;
      if (error && test.status != KUNIT_SKIPPED)
        return fail(&test, fmt::format("init() returned {}", error));
      if (!error) test_case.run_case(&test);
    });
    if (suite.exit) attempt([&] { suite.exit(&test); });
    while (!actions.empty()) {
      const Action last = actions.back();
      forget(actions.rbegin());
      attempt([&] { last.function(last.context); });
    }
    if (test_case.param_exit) test_case.param_exit(&shared);
  };
  if (int error = suite.suite_init ? suite.suite_init(&suite) : 0)
    fail(&test, fmt::format("suite_init() returned {}", error));
  else
    run();
  if (suite.suite_exit) suite.suite_exit(&suite);
  into.status = test.status;
  if (test.status == KUNIT_SKIPPED) into.why = test.status_comment;
  shim_current_task.kunit_test = nullptr;
}

}  // namespace shim

using namespace shim;

#define WITH_ARGUMENTS(message, last)             \
  va_list arguments;                              \
  va_start(arguments, last);                      \
  std::string message = printed(last, arguments); \
  va_end(arguments)

extern "C" {

void shim_kunit_fail(kunit* test, const shim_kunit_place* place, const char* what,
                     const char* format, ...) {
  WITH_ARGUMENTS(message, format);
  fail(test, place, what, message);
}

void shim_kunit_fail_binary(kunit* test, const shim_kunit_place* place, const char* left,
                            const char* relation, const char* right, long long left_value,
                            long long right_value, const char* format, ...) {
  WITH_ARGUMENTS(message, format);
  std::string what = fmt::format("Expected {} {} {}, but", left, relation, right);
  // A constant's value is not repeated.
  auto add = [&](const char* words, long long value) {
    if (fmt::format("{}", value) != words)
      what += fmt::format("\n    {} == {} ({:#x})", words, value,
                          static_cast<unsigned long long>(value));
  };
  add(left, left_value);
  add(right, right_value);
  fail(test, place, what, message);
}

void shim_kunit_fail_text(kunit* test, const shim_kunit_place* place, const char* left,
                          const char* relation, const char* right, const char* left_value,
                          const char* right_value, const char* format, ...) {
  WITH_ARGUMENTS(message, format);
  auto shown = [](const char* text) {
    return text ? fmt::format("\"{}\"", text) : std::string("NULL");
  };
  fail(test, place,
       fmt::format("Expected {} {} {}, but\n    {} == {}\n    {} == {}", left, relation, right,
                   left, shown(left_value), right, shown(right_value)),
       message);
}

void shim_kunit_abort(kunit*) { throw Aborted(); }

void shim_kunit_skip(kunit* test, const char* format, ...) {
  WITH_ARGUMENTS(message, format);
  // A failed case stays failed.
  if (test->status == KUNIT_SUCCESS) test->status = KUNIT_SKIPPED;
  snprintf(test->status_comment, sizeof test->status_comment, "%s", message.c_str());
}

void shim_kunit_log(kunit* test, const char* format, ...) {
  WITH_ARGUMENTS(message, format);
  log_lines(fmt::format("# {}: {}", test->name, message));
}

int shim_kunit_add_action(kunit*, kunit_action_t* action, void* context, bool or_reset,
                          const shim_site* site) {
  constexpr size_t record_size = 64;
  constexpr int no_memory = -12;
  void* record = (kmalloc)(record_size, GFP_KERNEL, site);
  if (record) actions.push_back({action, context, record});
  if (!record && or_reset) action(context);
  return record ? 0 : no_memory;
}

void kunit_remove_action(kunit*, kunit_action_t* action, void* context) {
  auto at = std::find(actions.rbegin(), actions.rend(), Action{action, context, nullptr});
  if (at != actions.rend()) forget(at);
}

void kunit_release_action(kunit*, kunit_action_t* action, void* context) {
  auto at = std::find(actions.rbegin(), actions.rend(), Action{action, context, nullptr});
  if (at == actions.rend()) return;
  forget(at);
  action(context);
}

static void free_memory(void* memory) { (kfree)(memory, &cleanup); }

void* shim_kunit_kmalloc_array(kunit* test, size_t n, size_t size, gfp_t gfp,
                               const shim_site* site) {
  void* memory = (kmalloc_array)(n, size, gfp, site);
  if (memory && shim_kunit_add_action(test, free_memory, memory, true, site)) return nullptr;
  return memory;
}

void kunit_kfree(kunit* test, const void* memory) {
  if (memory) kunit_release_action(test, free_memory, const_cast<void*>(memory));
}

kunit* kunit_get_current_test(void) { return shim_current_task.kunit_test; }

}  // extern "C"
