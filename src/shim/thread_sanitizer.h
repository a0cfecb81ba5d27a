// SPDX-License-Identifier: GPL-2.0-only
// ThreadSanitizer as a second judge of data races (races.h), of the same run: the allocator's code
// is compiled for it, strands are its fibers, and it is told of each order that the shim knows.
//
// It knows no barriers: what one orders is told to who marks an access. A marked read takes what
// was published with its value even without a read barrier, where races() asks for one or for a
// dependency; but not the write of the value itself, which races() takes for known. After the first
// race at a word it looks there no more, so that a process is good until a run that has races.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shim {

struct SecondOpinion {
  std::string earlier, later;  // functions; "" where their stack is forgotten
  bool earlier_is_marked, later_is_marked;
  uintptr_t address;
};
// Once, in a program that is linked with it: in each run that watches races from now on.
void ask_thread_sanitizer();
// Of the run at hand, or the last one.
std::vector<SecondOpinion> second_opinions();

}  // namespace shim
