// SPDX-License-Identifier: GPL-2.0-only
// Compares two allocators: the same program must behave the same on both.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/tracer.h"

namespace engine {

// The first difference between two runs of a program.
struct Difference {
  size_t operation;    // the first whose trace differs; program.operations.size() for the end
  std::string values;  // the first part of the trace that differs, and what each allocator did
};

// A kind of difference that a comparison can ignore.
struct Ignorable {
  const char* name;
  const char* words;
};
inline constexpr Ignorable ignorables[] = {
#define IGNORABLE(name, words) {#name, words},
#include "engine/ignorables.inc"
#undef IGNORABLE
};

// Runs the program on both allocators, each in a freshly booted world, and compares their traces:
// results, placements, errors; order, size, gfp and function of every allocation; faults met, tree,
// magazines, depots, pending work, findings. Leaves out what `ignored` names (ignored::Aspect).
// Recoverable findings do not end a run; any other is reported and ends the process.
std::optional<Difference> compare(const iova_variant& expected, const iova_variant& actual,
                                  const program::Program& program,
                                  std::span<const FaultPoint> faults = {}, unsigned ignored = 0);

// Like compare(), but raises a difference as the finding variants-differ of the actual allocator.
// Returns the keys of options.known that it met; valid until the next call.
const std::vector<std::string>& expect_same(const iova_variant& expected,
                                            const iova_variant& actual,
                                            const program::Program& program,
                                            const Options& options = {});

}  // namespace engine
