// SPDX-License-Identifier: GPL-2.0-only
// The entry points of a target for libFuzzer and compatible engines. The build links each binary
// with its target (this_target.cc) and its variant (variant.cc).
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/compare.h"
#include "engine/engine.h"
#include "engine/report.h"
#include "fuzz/harness/common_edge.h"
#include "fuzz/harness/costs.h"
#include "fuzz/harness/entry.h"
#include "fuzz/harness/honggfuzz.h"
#include "fuzz/target.h"
#include "program/mutation.h"

static const std::vector<std::string>& run(const program::Program& program) {
  const engine::Options options{.known = fuzz::known(&fuzz::variant),
                                .only = fuzz::only(),
                                .keep = fuzz::keeps_findings() ? fuzz::keep : nullptr,
                                .tell_differences = fuzz::tells_differences(),
                                .watch_races = fuzz::this_target.watches_races};
  if (fuzz::this_target.compares)
    return engine::expect_same(*fuzz::likeness, fuzz::variant, program, options);
  const engine::Result& result = engine::run(fuzz::as_asked_for(fuzz::variant), program, options);
  if (fuzz::this_target.seeks_cost) fuzz::note_costs(program, result.costs);
  return result.known_met;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static program::Program program;
  fuzz::end_with_fork_server();
  engine::set_report_sink(fuzz::tell);
  fuzz::reach_common_edge();
  program::decode({data, size}, program);
  fuzz::begin_input(data, size);
  for (const std::string& key : run(program)) fuzz::announce(key);
  fuzz::know_what_was_kept(!fuzz::variant.strict);
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

static size_t store(const program::Program& program, uint8_t* data, size_t max_size) {
  std::vector<uint8_t> bytes = program::encode_within(program, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  if (fuzz::uses_stock_mutators() || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  static program::Program program;
  program::decode({data, size}, program);
  program::Mutator(fuzz::this_target.operations, seed).mutate(program);
  return store(program, data, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_out_size, unsigned seed) {
  if (fuzz::uses_stock_mutators()) {  // libFuzzer's mutators include a crossover
    size_t size = std::min(size1, max_out_size);
    std::copy_n(data1, size, out);
    return LLVMFuzzerMutate(out, size, max_out_size);
  }
  program::Program program =
      program::Mutator(fuzz::this_target.operations, seed)
          .cross(program::decode({data1, size1}), program::decode({data2, size2}));
  return store(program, out, max_out_size);
}
