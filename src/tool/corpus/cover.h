// SPDX-License-Identifier: GPL-2.0-only
// Which input covers what on several variants of the allocator, as libFuzzer sees it, and the few
// inputs that cover as much as many.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "tool/variants/variants.h"

namespace tool {

// A target's binary on a variant.
struct CoverBinary {
  VariantChoice choice;
  std::string variant;  // for people
  std::filesystem::path file;
};

// Why what a target covers cannot be told on all revisions of the port and on further variants, as
// parse_variant() takes them; nothing if it is "".
std::string cover_obstacle(const fuzz::Target& target, const std::vector<std::string>& further);

// Builds those of all these. A target that reads text has one binary; one that compares has none of
// the port. Throws Failure.
std::vector<CoverBinary> cover_binaries(const fuzz::Target& target,
                                        const std::vector<std::string>& further);

// A feature on a variant: the variant's number above, libFuzzer's number of the feature below.
using Feature = uint64_t;
inline Feature make_feature(size_t variant, uint32_t number) {
  return static_cast<Feature>(variant) << 32 | number;
}
inline size_t variant_of(Feature feature) { return feature >> 32; }

struct InputCover {
  std::vector<Feature> features;  // in order
  std::vector<size_t> died_on;    // variants, by number; then it covers nothing
};

struct Cover {
  std::vector<InputCover> inputs;
  std::set<uint64_t> edges;  // features / 8 that are edges of the allocator
};

// What a set of inputs covers on one variant.
struct CoverCount {
  size_t edges = 0, features = 0;
  bool operator==(const CoverCount&) const = default;
};

// Runs each input, as bytes that the target takes, on each binary, past what is known of its
// variant. Inputs that end the process, or take longer than the seconds, cost no other its figures.
// Throws Failure.
Cover measure_cover(const fuzz::Target& target, const std::vector<CoverBinary>& binaries,
                    const std::vector<std::string>& inputs, std::chrono::milliseconds timeout);

// By variant, of those inputs, by number.
std::vector<CoverCount> count_cover(const Cover& cover, const std::vector<size_t>& inputs,
                                    size_t variants);

// What an input costs whoever keeps it: its size, and for a tie its name.
struct CoverCost {
  size_t size;
  std::string name;
};

// Of the candidates, a few that cover with the given ones all that all cover together. None of them
// can be left out. The order of the candidates does not matter.
std::vector<size_t> choose_cover(const std::vector<InputCover>& inputs,
                                 const std::vector<CoverCost>& costs,
                                 const std::vector<size_t>& given,
                                 const std::vector<size_t>& candidates);

}  // namespace tool
