// SPDX-License-Identifier: GPL-2.0-only
// Programs as lists of calls of linux/iova.h, which Linux itself can make (in_linux.c), with what
// came of each on the shim. A program that was run on the shim has its calls and their arguments;
// in another allocator they mean the same until it answers otherwise.
//
// A list, a line each; numbers are hexadecimal:
//   program N             begins with nothing at hand, on CPU 0
//   cpu 1                 calls are made on it from now on, and time passes there
//   iova_cache_get        or any function of linux/iova.h, then the domain's number and its
//   alloc_iova 0 1 ff 1   arguments; __free_iova() has the lowest pfn instead
//   fail 1 4              objects that the next call asks for and does not get, from 1
//   fail_creation         the next call fails to create the first cache that it asks for
//   irqs_off              the next call is made so
//   lasts                 the next call is one of queue_iova(), whose flush lasts until flush_done
//   timer 0               the timer of a domain's queue runs, and its flush lasts likewise
//   flush_done 0          the flush that was the first to last ends, and what it is part of
//   offline 1, online 1   a CPU goes or comes
//   dies                  the shim says that the next call is misuse of memory
//   sleep 3e8             so many milliseconds
//   tree 0                asks for a domain's ranges
//   end
// Answers, a line for each call, each tree and what is said of flushes and CPUs, between "program
// N" and "end":
//   fffff-fffff a1 o+1 p+0 c100000 d100000 h100000 q2 s1 f1
// the result (pfns, an error, "-" for none), then how many objects were asked for, how many more
// there are than before, how many more per-CPU objects, and of the domain: where cached_node and
// cached32_node begin, max32_alloc_size; of its flush queue: ranges in all rings, flushes that were
// started and finished. "lasts": a flush has begun that does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "program/program.h"
#include "tool/replay/isolate.h"

namespace tool {

// What lists may ask of a machine.
struct Abilities {
  unsigned cpus = 1;
  bool has_queues = false;
  // A first get of the caches that fails is told. Only of a program that has the machine for
  // itself: to another one, caches that were put before look like those of a failed get
  // (stale-cache).
  bool fails_creations = false;
};

struct CallList {
  program::Program program;    // that it says
  std::string lines, answers;  // without the first and the last
  uint64_t calls = 0, faults = 0;
  std::string dies_of;  // what the shim says of the last call: an oracle's id; "" for nothing
  bool is_cut = false;  // the run ended in the midst: what is at hand then is not given back
  // What the shim found, by oracle, and how many lines of answers lead to it.
  struct Found {
    std::string oracle;
    size_t answers;
  };
  std::vector<Found> found;
};

// Lists on one allocator, which must have iova_domain_init_rcaches() (v5.18).
class CallLister {
 public:
  CallLister(const iova_variant& variant, const Abilities& abilities);
  // What cannot be said is left out: what the machine has not, exact times, suspensions elsewhere
  // than in a flush, failures of what is no object of slab. So is an operation that misuses memory,
  // or what makes it do so, unless may_die(oracle's id). Nothing if the program ends the process.
  std::optional<CallList> list(const program::Program& program,
                               const std::function<bool(const std::string&)>& may_die);

 private:
  Abilities abilities_;
  Isolated isolated_;
};

// What part of a program can be said, as far as its operations tell: it is for that many CPUs.
program::Program sayable(const program::Program& program, const Abilities& abilities);
// The operations of such programs, by chance.
std::vector<program::OpCode> sayable_operations(const Abilities& abilities);

// The lines that are answered, one each, with what was said before them: "fail 1, alloc_iova 0 1 f
// 1".
std::vector<std::string> answered_lines(const CallList& list);

// The first line in which answers differ.
struct AnswerDifference {
  std::string call;  // with what was said before it
  std::string expected, actual;
};
// Nothing if they are the same. Answers that end early differ, in "nothing".
std::optional<AnswerDifference> compare_answers(const CallList& list, const std::string& actual);

}  // namespace tool
