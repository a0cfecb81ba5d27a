// SPDX-License-Identifier: GPL-2.0-only
// What schedules came to, many of them: hundreds of thousands that differ in little. Each is a list
// of pieces, cut where their content says so: what two runs have in common is there once, wherever
// in them it stands.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "tool/replay/ran.h"

namespace tool {

// Sequences of numbers, each there once.
class Pieces {
 public:
  // The same number for equal ones, from 0.
  uint32_t number_of(std::span<const uint64_t> piece);
  std::span<const uint64_t> operator[](uint32_t number) const {
    return {words_.data() + begins_[number], words_.data() + begins_[number + 1]};
  }

 private:
  size_t slot_of(std::span<const uint64_t> piece) const;

  std::vector<uint64_t> words_;
  std::vector<size_t> begins_{0};
  std::vector<uint32_t> slots_;  // 1 + number; 0: none
};

class KnownRuns {
 public:
  void add(const Schedule& schedule, const Ran& ran);
  // Until the next call; NULL: it was not added.
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
