// SPDX-License-Identifier: GPL-2.0-only
// Litmus tests for herd7 from what operations of a run did to memory: each operation becomes a
// thread of its accesses to words that it shares with another one, with barriers and shared locks,
// in its order. A test has all words with marked accesses, which order others, and one without.
//
// The shim runs one strand at a time, so a run shows what is sequentially consistent. The question
// of the test is what it cannot show: whether one read may return an older value while all others
// return what the run saw. Outcomes that some order of whole accesses gives, too, are left out.
// "Never" then means that the code's barriers, locks and marks order what the run relied on;
// "Sometimes" that one is missing.
//
// Values are counted: the i-th write of a word writes i, and a run begins with 0. Branches and
// dependencies are not in the test, so a thread may look less ordered than it is.
#pragma once

#include <string>
#include <vector>

#include "program/program.h"
#include "shim/races.h"

struct iova_variant;

namespace tool {

// What the operations of these indexes did, in the order of the run. Findings are gone past.
std::vector<shim::Ordered> record_order(const iova_variant& variant,
                                        const program::Program& program);

// One for each word without marked accesses, and one without such a word, if a read can tell an
// order; of tests that are the same, the first. What is accessed too often for a test is left out.
std::vector<std::string> litmus_tests(const std::string& name, const program::Program& program,
                                      const std::vector<shim::Ordered>& record,
                                      const std::vector<size_t>& operations);

}  // namespace tool
