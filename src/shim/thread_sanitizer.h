// SPDX-License-Identifier: GPL-2.0-only
// ThreadSanitizer as a second judge of data races (races.h) in the same run. The allocator's code
// is instrumented for it, strands are its fibers, and the shim passes on each order that it knows.
//
// ThreadSanitizer does not model barriers, so the order of a barrier is attached to marked
// accesses. A marked read acquires whatever was published with its value even without a read
// barrier, where races() asks for a barrier or a dependency. It does not acquire the write of the
// value itself, which races() takes as ordered. After the first race at a word ThreadSanitizer
// ignores that word, so a process can judge further runs only until one has races.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shim {

struct SecondOpinion {
  std::string earlier, later;  // functions; "" if ThreadSanitizer no longer has the stack
  bool earlier_is_marked, later_is_marked;
  uintptr_t address;
};
// Call once, in a program linked with ThreadSanitizer: it then judges each run that watches for
// races.
void ask_thread_sanitizer();
// Races that ThreadSanitizer saw in the current run, or in the last one.
std::vector<SecondOpinion> second_opinions();

}  // namespace shim
