// SPDX-License-Identifier: GPL-2.0-only
// Measures what each input covers on several variants, by libFuzzer's features, and chooses few
// inputs that cover as much as all.
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
  std::string variant;  // for messages
  std::filesystem::path file;
};

// Why the coverage of a target cannot be measured on all revisions of the port and the further
// variants (as for parse_variant()); "" if it can.
std::string cover_obstacle(const fuzz::Target& target, const std::vector<std::string>& further);

// Builds the binaries for all these variants. A target that reads text has a single binary; a
// target that compares has none for the port. Throws Failure.
std::vector<CoverBinary> cover_binaries(const fuzz::Target& target,
                                        const std::vector<std::string>& further);

// A feature on a variant: the variant's index in the high 32 bits, libFuzzer's number below.
using Feature = uint64_t;
inline Feature make_feature(size_t variant, uint32_t number) {
  return static_cast<Feature>(variant) << 32 | number;
}
inline size_t variant_of(Feature feature) { return feature >> 32; }

struct InputCover {
  std::vector<Feature> features;  // in order
  std::vector<size_t> died_on;    // indexes of variants; such an input covers nothing
};

struct Cover {
  std::vector<InputCover> inputs;
  std::set<uint64_t> edges;  // values of feature / 8 that are edges of the allocator
};

// Coverage of a set of inputs on one variant.
struct CoverCount {
  size_t edges = 0, features = 0;
  bool operator==(const CoverCount&) const = default;
};

// Runs each input, in the form that the target reads, on each binary, past the known issues of its
// variant. Inputs that crash or exceed the timeout do not affect the figures of others. Throws
// Failure.
Cover measure_cover(const fuzz::Target& target, const std::vector<CoverBinary>& binaries,
                    const std::vector<std::string>& inputs, std::chrono::milliseconds timeout);

// Coverage of the inputs with these indexes, for each variant.
std::vector<CoverCount> count_cover(const Cover& cover, const std::vector<size_t>& inputs,
                                    size_t variants);

// The cost of keeping an input: its size; its name breaks ties.
struct CoverCost {
  size_t size;
  std::string name;
};

// Chooses few of the candidates that, with the given inputs, cover all that the given inputs and
// all candidates cover. No chosen input can be left out. The order of the candidates does not
// matter.
std::vector<size_t> choose_cover(const std::vector<InputCover>& inputs,
                                 const std::vector<CoverCost>& costs,
                                 const std::vector<size_t>& given,
                                 const std::vector<size_t>& candidates);

}  // namespace tool
