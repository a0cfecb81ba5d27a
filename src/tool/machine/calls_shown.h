// SPDX-License-Identifier: GPL-2.0-only
// A program that shows a finding on the shim, as calls that a booted kernel makes: does it come to
// the same there?
#pragma once

#include <string>
#include <vector>

#include "engine/report.h"
#include "iova/variant.h"
#include "tool/machine/call_list.h"
#include "tool/machine/machine.h"

namespace tool {

struct CallsToShow {
  engine::Report report;  // what the program shows on the shim
  Abilities abilities;
  CallList list;
  uint64_t left = 0;                  // what left_in() tells where nothing is lost
  std::vector<std::string> left_out;  // operations that Linux is not told of
};

// Before a kernel is there. right: an allocator without known issues. Throws Failure if the program
// shows nothing, or not without what cannot be said on so many CPUs.
CallsToShow calls_to_show(const program::Program& program, const iova_variant& variant,
                          const iova_variant& right, unsigned most_cpus);

struct CallsShown {
  Confirmation answer;
  std::string console;
};
CallsShown show_calls(const Machine& machine, const CallsToShow& calls);

// What is done at the end of a list that was cut, so that only what is lost stays in the trees, and
// how many ranges of others stay there.
struct Closing {
  std::string lines;
  uint64_t left = 0;
};
Closing closing(const CallList& list);

// What Linux's answers come to. A finding is the same one if the kernel dies in the call that the
// report names, or if it answers every call up to the finding as the shim did: what broke the
// promise there breaks it here.
Confirmation judge_answers(const CallsToShow& calls, const std::string& answers,
                           const std::string& console);

// Ranges that are in the trees of domains right before those are put, all together.
uint64_t left_in(const CallList& list, const std::string& answers);

}  // namespace tool
