// SPDX-License-Identifier: GPL-2.0-only
// The shim against Linux: programs as lists of calls, made by a booted kernel, and compared with
// what the shim's run of them came to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "iova/variant.h"
#include "tool/machine/call_list.h"
#include "tool/machine/machine.h"

namespace tool {

struct LinuxDifference {
  uint64_t number;           // of the program
  program::Program program;  // with nothing that the difference can do without
  AnswerDifference where;
  std::string words;  // the kernel's own, if it complained
};

struct SideBySide {
  uint64_t programs = 0, calls = 0, faults = 0;
  uint64_t passed_over = 0;                // programs that end the shim's process
  std::map<std::string, uint64_t> deaths;  // where both say that memory is misused, by oracle
  std::map<std::string, uint64_t> silent;  // where the shim alone does
  std::vector<LinuxDifference> differences;
};

// Throws Failure if the variant's calls are none of today's Linux: before a kernel is built.
void check_comparable(const iova_variant& variant);

// Programs by number below count. Some thousands share a boot; it ends after a few differences.
// Throws Failure.
SideBySide compare_with_linux(const Machine& machine, const Abilities& abilities,
                              const iova_variant& variant, uint64_t count,
                              const std::function<program::Program(uint64_t number)>& make,
                              const std::function<void(uint64_t done)>& on_progress);

// One after the other, the answers of a boot to what it was given; how many it came to the end of.
struct Answered {
  size_t items;
  bool died = false, silent = false;           // at the last one, as the shim said or not
  std::optional<AnswerDifference> difference;  // at the last one
};
struct NumberedList {
  uint64_t number;
  CallList list;
};
std::string lines_of_lists(std::span<const NumberedList> lists);
Answered read_answers(std::span<const NumberedList> lists, const std::string& answers);

}  // namespace tool
