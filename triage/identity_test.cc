// SPDX-License-Identifier: GPL-2.0-only
// Keys tell findings apart: many inputs that meet the same defect come to one key, which no other
// defect has.
#include <cstdlib>
#include <fstream>
#include <fmt/format.h>
#include <map>
#include <set>

#include "program/mutation.h"
#include "triage/command_test.h"
#include "triage/defect.h"
#include "triage/input.h"
#include "triage/minimizer.h"

extern "C" __attribute__((weak)) int __asan_report_present(void);

namespace triage {
namespace {

std::set<std::string> keys_of_inputs(const std::string& defect, const std::string& seed, size_t count) {
  const iova_variant& variant = load_defect("fixed", find_defect(defect));
  program::Program start = read_input(source_folder() / "corpus" / seed).program;
  std::map<std::string, size_t> keys;
  size_t inputs = 0;
  for (uint64_t number = 0; inputs < count && number < 3000; number++) {
    program::Program program = start;
    program::Mutator mutator(program::all_operations, number);
    for (uint64_t i = 0; i <= number % 4; i++) mutator.mutate(program);
    Outcome outcome = run_isolated(variant, program);
    if (outcome.key().empty()) continue;
    inputs++;
    keys[minimize(variant, program, outcome.key(), {.times = 1}).key]++;
  }
  fmt::print("{} {} inputs:\n", defect, inputs);
  for (auto& [k, n] : keys) fmt::print("    {} {}\n", n, k);
  return {};
}

TEST(Identity, Experiment) {
  std::ifstream in("/tmp/seeds.txt");
  std::string defect, seed;
  while (in >> defect >> seed) keys_of_inputs(defect, seed, 20);
}

}  // namespace
}  // namespace triage
