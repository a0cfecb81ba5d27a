// SPDX-License-Identifier: GPL-2.0-only
// Compares the shim with Linux: a booted kernel makes the calls of programs, and its answers are
// compared with those of the shim.
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
  uint64_t number;           // number of the program
  program::Program program;  // minimized
  AnswerDifference where;
  std::string words;  // the kernel's complaint, if any
};

struct SideBySide {
  uint64_t programs = 0, calls = 0, faults = 0;
  uint64_t passed_over = 0;                // programs that end the shim's process
  std::map<std::string, uint64_t> deaths;  // by oracle: shim and Linux both report memory misuse
  std::map<std::string, uint64_t> silent;  // by oracle: only the shim reports it
  std::vector<LinuxDifference> differences;
};

// Throws Failure if the variant's API differs from that of current Linux. Call it before building a
// kernel.
void check_comparable(const iova_variant& variant);

// Runs programs 0 to count - 1, up to some thousands per boot, and stops after a few differences.
// Throws Failure.
SideBySide compare_with_linux(const Machine& machine, const Abilities& abilities,
                              const iova_variant& variant, uint64_t count,
                              const std::function<program::Program(uint64_t number)>& make,
                              const std::function<void(uint64_t done)>& on_progress);

// The answers of one boot to lists, matched in order up to the first death or difference.
struct Answered {
  size_t items;
  bool died = false, silent = false;           // the last list ends in misuse; died: Linux reported
                                               // it
  std::optional<AnswerDifference> difference;  // in the last list
};
struct NumberedList {
  uint64_t number;
  CallList list;
};
std::string lines_of_lists(std::span<const NumberedList> lists);
Answered read_answers(std::span<const NumberedList> lists, const std::string& answers);

}  // namespace tool
