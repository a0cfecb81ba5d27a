// SPDX-License-Identifier: GPL-2.0-only
// What a fuzz target is: a purpose, and the operations that serve it. All targets decode bytes to
// the same programs, so that an input means the same everywhere.
#pragma once

#include <span>

#include "iova/variant.h"
#include "program/operation.h"

namespace fuzz {

struct Target {
  const char* name;
  const char* purpose;
  // That its seeds, dictionary and mutation use: all, or those of rows that say so (program::uses).
  std::span<const program::OpCode> operations;
  size_t max_len;              // bytes of an input
  bool compares = false;       // a kernel tree with the port, instead of judging one allocator
  bool needs_queue = false;    // nothing to do without a flush queue
  bool watches_races = false;  // tells of data races, too: its binaries are compiled for that
  bool seeks_cost = false;     // guided by what operations cost, too (engine::Result::costs)
  bool reads_text = false;     // our own parser and codec are judged (engine/text.h), no allocator
};

// The folder of a target's binary under the build's bin/, when a variant's is given; the end of its
// build target's name, too.
inline const char* binary_folder(const Target& target, const char* variant) {
  return target.reads_text ? "text" : variant;
}

// What the binary at hand is made of: a target, an allocator, and the one that it should equal or
// NULL.
extern const Target& this_target;
extern const iova_variant& variant;
extern const iova_variant* const likeness;

}  // namespace fuzz
