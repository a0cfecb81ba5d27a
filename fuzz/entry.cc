// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/entry.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

// Leaks are the shim's to find, and stacks of its allocations nobody's to keep.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:malloc_context_size=0:handle_abort=0:allocator_may_return_null=1";
}
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }

static std::vector<std::string> known_keys;
static bool stock_mutators;

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  if (const char* path = getenv("IOVAFUZZ_KNOWN")) {
    std::ifstream file(path);
    for (std::string key; std::getline(file, key);)
      if (!key.empty()) known_keys.push_back(key);
  }
  const char* mutators = getenv("IOVAFUZZ_MUTATORS");
  stock_mutators = mutators && !strcmp(mutators, "stock");
  return 0;
}

namespace fuzz {

bool uses_stock_mutators() { return stock_mutators; }

const std::vector<std::string>& known() { return known_keys; }

void announce(const std::string& key) {
  static std::set<std::string> announced;
  if (announced.insert(key).second) fmt::print(stderr, "==iovafuzz== known: {}\n", key);
}

}  // namespace fuzz
