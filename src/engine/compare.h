// SPDX-License-Identifier: GPL-2.0-only
// Two allocators side by side: the same program must do the same on both.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/tracer.h"

namespace engine {

// Where two runs of a program part.
struct Difference {
  size_t operation;    // the first with another trace; program.operations.size() for the end
  std::string values;  // what differs first in it, and what each of them did
};

// What one may ask not to compare: a word, and what it means.
struct Ignorable {
  const char* name;
  const char* words;
};
inline constexpr Ignorable ignorables[] = {
#define IGNORABLE(name, words) {#name, words},
#include "engine/ignorables.inc"
#undef IGNORABLE
};

// Runs the program on one allocator after the other, each in a world just booted, and compares what
// the trace has: results and placements, errors, every allocation's order, size, gfp and place, the
// faults met, the tree, the magazines and the depots, pending work, findings; but for what is
// ignored (ignored::Aspect). Recoverable findings are gone past on both; any other is reported and
// ends the process.
std::optional<Difference> compare(const iova_variant& expected, const iova_variant& actual,
                                  const program::Program& program,
                                  std::span<const FaultPoint> faults = {}, unsigned ignored = 0);

// The same, with a difference as the finding variants-differ of the actual allocator. Returns the
// keys of options.known that it met and went past; valid until the next call.
const std::vector<std::string>& expect_same(const iova_variant& expected,
                                            const iova_variant& actual,
                                            const program::Program& program,
                                            const Options& options = {});

}  // namespace engine
