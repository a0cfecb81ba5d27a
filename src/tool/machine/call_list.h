// SPDX-License-Identifier: GPL-2.0-only
// Programs as lists of calls of linux/iova.h, which Linux itself can make (in_linux.c), with what
// came of each on the shim. A program that was run on the shim has its calls and their arguments;
// in another allocator they mean the same until it answers otherwise.
//
// A list, a line each; numbers are hexadecimal:
//   program N             begins with nothing at hand
//   iova_cache_get        or any function of linux/iova.h, then the domain's number and its
//   alloc_iova 0 1 ff 1   arguments; __free_iova() has the lowest pfn instead
//   fail 1 4              objects that the next call asks for and does not get, from 1
//   irqs_off              the next call is made so
//   dies                  the shim says that the next call is misuse of memory
//   sleep 3e8             so many milliseconds
//   tree 0                asks for a domain's ranges
//   end
// Answers, a line for each call and each tree, between "program N" and "end":
//   fffff-fffff a1 o+1 p+0 c100000 d100000 h100000
// the result (pfns, an error, "-" for none), then how many objects were asked for, how many more
// there are than before, how many more per-CPU objects, and of the domain: where cached_node and
// cached32_node begin, max32_alloc_size.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "program/program.h"
#include "tool/replay/isolate.h"

namespace tool {

struct CallList {
  program::Program program;    // that it says
  std::string lines, answers;  // without the first and the last
  uint64_t calls = 0, faults = 0;
  std::string dies_of;  // what the shim says of the last call: an oracle's id; "" for nothing
};

// Lists on one allocator, which must have iova_domain_init_rcaches() (v5.18).
class CallLister {
 public:
  explicit CallLister(const iova_variant& variant);
  // What cannot be said is left out: other CPUs than the first, flush queues, exact times, failures
  // of what is no object of slab. So is an operation that misuses memory, or what makes it do so,
  // unless may_die(oracle's id). Nothing if the program ends the process.
  std::optional<CallList> list(const program::Program& program,
                               const std::function<bool(const std::string&)>& may_die);

 private:
  Isolated isolated_;
};

// What part of a program can be said, as far as its operations tell: it is for one CPU.
program::Program sayable(const program::Program& program);
// The operations of such programs.
std::span<const program::OpCode> sayable_operations();

// The first line in which answers differ.
struct AnswerDifference {
  std::string call;  // with what was said before it: "fail 1, alloc_iova 0 1 fffff 1"
  std::string expected, actual;
};
// Nothing if they are the same. Answers that end early differ, in "nothing".
std::optional<AnswerDifference> compare_answers(const CallList& list, const std::string& actual);

}  // namespace tool
