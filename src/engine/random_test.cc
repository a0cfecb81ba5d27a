// SPDX-License-Identifier: GPL-2.0-only
// Many random inputs, with the engine built as for fuzz targets: allocator and shim with
// sanitizers, the engine without.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "engine/engine.h"
#include "iova/port_variants.h"

namespace engine {
namespace {

const iova_variant& fixed = port::fixed::variant;

// 3,000 inputs in four parts, a hundred times as many with IOVAFUZZ_LONG. A finding ends the
// process with its report.
class RandomBytes : public testing::TestWithParam<unsigned> {};

TEST_P(RandomBytes, MakeNoFindingOnFixedAndMeanTheSameAsTextAndReassembled) {
  std::mt19937_64 random(GetParam());
  std::vector<uint8_t> bytes;
  program::Program program;
  const int rounds = getenv("IOVAFUZZ_LONG") ? 75'000 : 750;
  for (int round = 0; round < rounds; round++) {
    bytes.resize(random() % 1025);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    program::decode(bytes, program);
    uint64_t hash = run(fixed, program).trace_hash;
    program::Program reassembled = program::parse(print(program));
    ASSERT_EQ(run(fixed, program::decode(program::encode(reassembled))).trace_hash, hash)
        << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Part, RandomBytes, testing::Range(1u, 5u));

}  // namespace
}  // namespace engine
