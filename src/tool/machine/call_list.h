// SPDX-License-Identifier: GPL-2.0-only
// Programs as lists of linux/iova.h calls that Linux itself can make (in_linux/replay.c), with the
// shim's answer to each call. A run on the shim fixes the calls and their arguments; another
// allocator sees the same calls until one of its answers differs.
//
// A list has a command per line; numbers are hexadecimal:
//   program N             starts a program: no domains, CPU 0
//   cpu 1                 CPU of the following calls and sleeps
//   iova_cache_get        a function of linux/iova.h, then the domain's number and its
//   alloc_iova 0 1 ff 1   arguments; __free_iova() takes the lowest pfn instead of a node
//   fail 1 4              numbers of the objects that the next call fails to allocate, from 1
//   fail_creation         the next call fails to create its first cache
//   irqs_off              the next call runs with interrupts off
//   lasts                 the next call is queue_iova(), and its flush lasts until flush_done
//   timer 0               runs the timer of a domain's flush queue; its flush lasts, too
//   flush_done 0          ends the flush with that number, and the call or handler around it
//   offline 1, online 1   takes a CPU offline or online
//   dies                  the shim reports that the next call misuses memory
//   sleep 3e8             lets that many milliseconds pass
//   tree 0                asks for a domain's ranges
//   end
// Answers are between "program N" and "end", a line for each call, tree, flush and CPU command:
//   fffff-fffff a1 o+1 p+0 c100000 d100000 h100000 q2 s1 f1
// They consist of the result (pfns, an error, "-" for none); the number of objects requested (a);
// the change in objects (o) and per-CPU objects (p); first pfns of cached_node (c) and
// cached32_node (d); max32_alloc_size (h); for a flush queue, the ranges in all rings (q) and the
// flushes started (s) and finished (f). "lasts" answers that a flush has begun and lasts.
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

// Features of a machine that lists may use.
struct Abilities {
  unsigned cpus = 1;
  bool has_queues = false;
  // Allow iova_cache_get() to fail in its first cache creation. Only for a program that is alone on
  // the machine: to a later program, caches that were put earlier look like leftovers of a failed
  // get (stale-cache).
  bool fails_creations = false;
};

struct CallList {
  program::Program program;    // program that the list states
  std::string lines, answers;  // without the first and the last line
  uint64_t calls = 0, faults = 0;
  std::string dies_of;  // oracle id that the shim reports for the last call, or ""
  bool is_cut = false;  // the run ended early: flushes and domains are still there
  // Findings of the shim by oracle, each with the number of answers up to it.
  struct Found {
    std::string oracle;
    size_t answers;
  };
  std::vector<Found> found;
};

// Makes lists for one allocator, which must have iova_domain_init_rcaches() (v5.18).
class CallLister {
 public:
  CallLister(const iova_variant& variant, const Abilities& abilities);
  // Leaves out operations that a list cannot state: features that the machine lacks, exact times,
  // suspensions outside a flush, failures other than of slab objects. Also leaves out an operation
  // that misuses memory, or its cause, unless may_die(oracle's id). Returns nothing if the program
  // ends the process.
  std::optional<CallList> list(const program::Program& program,
                               const std::function<bool(const std::string&)>& may_die);

 private:
  Abilities abilities_;
  Isolated isolated_;
};

// The part of a program that a list can state, judged by its operations alone, for abilities.cpus
// CPUs.
program::Program sayable(const program::Program& program, const Abilities& abilities);
// Operations for random programs of that kind.
std::vector<program::OpCode> sayable_operations(const Abilities& abilities);

// Lines that have an answer, each with the unanswered lines before it: "fail 1, alloc_iova 0 1 f
// 1".
std::vector<std::string> answered_lines(const CallList& list);

// The first line in which answers differ.
struct AnswerDifference {
  std::string call;  // with the unanswered lines before it
  std::string expected, actual;
};
// Returns nothing if the answers are equal. Missing answers count as "nothing".
std::optional<AnswerDifference> compare_answers(const CallList& list, const std::string& actual);

}  // namespace tool
