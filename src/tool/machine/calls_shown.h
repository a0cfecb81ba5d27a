// SPDX-License-Identifier: GPL-2.0-only
// Shows a finding in a booted kernel: makes the program's calls there and compares the answers with
// those of the shim.
#pragma once

#include <string>
#include <vector>

#include "engine/report.h"
#include "iova/variant.h"
#include "tool/machine/call_list.h"
#include "tool/machine/machine.h"

namespace tool {

struct CallsToShow {
  engine::Report report;  // finding of the program on the shim
  Abilities abilities;
  CallList list;
  uint64_t left = 0;                  // left_in() of a run that loses nothing
  std::vector<std::string> left_out;  // operations that the list cannot state
};

// Prepares the calls before a kernel is built. right: an allocator without known issues. Throws
// Failure if the program shows nothing, or nothing without the operations that cannot be stated for
// most_cpus CPUs.
CallsToShow calls_to_show(const program::Program& program, const iova_variant& variant,
                          const iova_variant& right, unsigned most_cpus);

struct CallsShown {
  Confirmation answer;
  std::string console;
};
CallsShown show_calls(const Machine& machine, const CallsToShow& calls);

// Commands that end a cut list by freeing all that callers own, so that only lost ranges stay in
// the trees, and the number of other ranges that remain there.
struct Closing {
  std::string lines;
  uint64_t left = 0;
};
Closing closing(const CallList& list);

// Judges Linux's answers. The finding is the same if the kernel dies in the call that the report
// names, or if it answers every call up to the finding as the shim did.
Confirmation judge_answers(const CallsToShow& calls, const std::string& answers,
                           const std::string& console);

// Number of ranges in the trees of all domains right before their put_iova_domain().
uint64_t left_in(const CallList& list, const std::string& answers);

}  // namespace tool
