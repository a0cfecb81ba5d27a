// SPDX-License-Identifier: GPL-2.0-only
// Stores the runs of hundreds of thousands of similar schedules. A run is a list of pieces, cut
// where the content itself says so: content that several runs share is stored once, wherever it
// stands.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "tool/replay/ran.h"

namespace tool {

// A set of sequences of numbers, each stored once.
class Pieces {
 public:
  // The number of a piece, from 0; equal pieces have the same number.
  uint32_t number_of(std::span<const uint64_t> piece);
  std::span<const uint64_t> operator[](uint32_t number) const {
    return {words_.data() + begins_[number], words_.data() + begins_[number + 1]};
  }

 private:
  size_t slot_of(std::span<const uint64_t> piece) const;

  std::vector<uint64_t> words_;
  std::vector<size_t> begins_{0};
  std::vector<uint32_t> slots_;  // hash table: 1 + number; 0: free
};

class KnownRuns {
 public:
  void add(const Schedule& schedule, const Ran& ran);
  // Valid until the next call. NULL if the schedule was not added.
  const Ran* find(const Schedule& schedule) const;

 private:
  struct List {
    size_t begin;  // in numbers_
    uint32_t stretches, steps;
  };
  struct HashOfKey {
    size_t operator()(const Schedule::Key& key) const { return key.first; }
  };

  Pieces stretches_, of_stretches_, steps_;
  std::vector<uint32_t> numbers_;
  std::unordered_map<Schedule::Key, List, HashOfKey> lists_;
  mutable Ran found_;
};

}  // namespace tool
