// SPDX-License-Identifier: GPL-2.0-only
// Describes a fuzz target: its purpose and the operations that serve it. All targets decode bytes
// to the same programs, so an input means the same in every target.
#pragma once

#include <span>

#include "iova/variant.h"
#include "program/operation.h"

namespace fuzz {

struct Target {
  const char* name;
  const char* purpose;
  // Operations in its seeds, dictionary and mutation: all, or those with some of program::uses.
  std::span<const program::OpCode> operations;
  size_t max_len;              // largest input in bytes
  bool compares = false;       // compares a kernel tree with the port instead of judging one
                               // allocator
  bool needs_queue = false;    // pointless without a flush queue
  bool watches_races = false;  // also reports data races; its binaries are compiled for that
  bool seeks_cost = false;     // also guided by the cost of operations (engine::Result::costs)
  bool reads_text = false;     // tests our own parser and codec (engine/text.h) and no allocator
};

// Folder of a target's binary for a variant, below the build's bin/; also the suffix of its CMake
// target.
inline const char* binary_folder(const Target& target, const char* variant) {
  return target.reads_text ? "text" : variant;
}

// The parts of this binary: a target, an allocator, and the allocator to compare it with, or NULL.
extern const Target& this_target;
extern const iova_variant& variant;
extern const iova_variant* const likeness;

}  // namespace fuzz
