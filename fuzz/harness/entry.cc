// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/harness/entry.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "engine/ledger.h"
#include "engine/views.h"

// Leaks are the shim's to find, and stacks of its allocations nobody's to keep.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:malloc_context_size=0:handle_abort=0:allocator_may_return_null=1";
}
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }

extern "C" __attribute__((weak)) uint8_t* __afl_area_ptr;

namespace fuzz {
namespace {

bool is_set(const char* variable, const char* value) {
  const char* set = getenv(variable);
  return set && !strcmp(set, value);
}

}  // namespace

void end_with_fork_server() {
  static const bool is_asked_for = &__afl_area_ptr && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  (void)is_asked_for;
}

bool uses_stock_mutators() {
  static const bool stock = is_set("IOVAFUZZ_MUTATORS", "stock");
  return stock;
}

bool tells_differences() {
  static const bool tells = is_set("IOVAFUZZ_DIFFERENCES", "tell");
  return tells;
}

const iova_variant& as_asked_for(const iova_variant& variant) {
  static const iova_variant asked_for =
      is_set("IOVAFUZZ_VIEWS", "none") ? engine::without_views(variant) : variant;
  return asked_for;
}

// Read with the first input, not before: AFL++ forks a process anew after a crash, which may have
// become known since.
const std::vector<std::string>& known(const iova_variant* variant) {
  static const std::vector<std::string> keys = [&] {
    const char* path = getenv("IOVAFUZZ_KNOWN");
    if (!path) return variant ? engine::known_keys(*variant) : std::vector<std::string>();
    std::vector<std::string> read;
    std::ifstream file(path);
    for (std::string key; std::getline(file, key);)
      if (!key.empty()) read.push_back(key);
    return read;
  }();
  return keys;
}

void announce(const std::string& key) {
  static std::set<std::string> announced;
  if (announced.insert(key).second) fmt::print(stderr, "==iovafuzz== known: {}\n", key);
}

}  // namespace fuzz
