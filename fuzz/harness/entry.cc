// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/harness/entry.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "engine/ledger.h"
#include "engine/oracles.h"
#include "engine/views.h"

// The shim detects leaks; disable LSan and allocation stacks.
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

std::vector<std::string> read_known(const iova_variant* variant) {
  const char* path = getenv("IOVAFUZZ_KNOWN");
  if (!path) return variant ? engine::known_keys(*variant) : std::vector<std::string>();
  std::vector<std::string> read;
  std::ifstream file(path);
  for (std::string key; std::getline(file, key);)
    if (!key.empty()) read.push_back(key);
  return read;
}

struct {
  const uint8_t* data;
  size_t size;
  uint64_t number;
} input;

std::vector<std::string> known_keys, kept;  // in this run
unsigned kept_so_far;

}  // namespace

void end_with_fork_server() {
  static const bool is_asked_for = &__afl_area_ptr && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  (void)is_asked_for;
}

bool uses_stock_mutators() {
  static const bool stock = is_set("IOVAFUZZ_MUTATORS", "stock");
  return stock;
}

const std::string& only() {
  static const std::string key = getenv("IOVAFUZZ_ONLY") ? getenv("IOVAFUZZ_ONLY") : "";
  return key;
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
  static const bool is_read = [&] {
    known_keys = read_known(variant);
    return true;
  }();
  (void)is_read;
  return known_keys;
}

void announce(const std::string& key) {
  static std::set<std::string> announced;
  if (announced.insert(key).second) fmt::print(stderr, "==iovafuzz== known: {}\n", key);
}

static const char* keep_folder() {
  static const char* const folder = getenv("IOVAFUZZ_KEEP");
  return folder;
}

bool keeps_findings() { return keep_folder(); }

void begin_input(const uint8_t* data, size_t size) { input = {data, size, input.number + 1}; }

// A file is whole once it has its name.
bool keep(const std::string& key) {
  if (std::find(kept.begin(), kept.end(), key) != kept.end()) return true;
  std::string name = fmt::format("{}/kept-{}-{}:{},execs:{}", keep_folder(), getpid(),
                                 kept_so_far + 1, key, input.number);
  std::string partial = name + ".partial";
  std::ofstream file(partial, std::ios::binary);
  file.write(reinterpret_cast<const char*>(input.data), static_cast<std::streamsize>(input.size));
  file.close();
  if (!file || rename(partial.c_str(), name.c_str())) return false;
  kept_so_far++;
  kept.push_back(key);
  fmt::print(stderr, "==iovafuzz== kept: {}\n", key);
  return true;
}

void know_what_was_kept(bool by_oracle) {
  for (const std::string& key : kept)
    known_keys.emplace_back(by_oracle && engine::stands_for_its_oracle(key)
                                ? engine::oracle_of(key)
                                : std::string_view(key));
  kept.clear();
}

}  // namespace fuzz
