// SPDX-License-Identifier: GPL-2.0-only
// Writes litmus tests for herd7 from the memory accesses of a run's operations. Each operation
// becomes a thread: its accesses to words that it shares with another one, with barriers and shared
// locks, in program order. A test has all words with marked accesses, which order others, and one
// word without.
//
// The shim runs one strand at a time, so a run is sequentially consistent. A test asks what a run
// cannot show: whether one read may return an older value while all other reads return what the run
// saw. Outcomes that some interleaving of whole accesses also gives are left out. "Never" then
// means that the code's barriers, locks and marks order what the run relied on; "Sometimes" means
// that one is missing.
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

// Runs the program and returns its memory accesses, locks and barriers, in the order of the run.
// Findings do not end the run.
std::vector<shim::Ordered> record_order(const iova_variant& variant,
                                        const program::Program& program);

// One test for each word without marked accesses, and one with the marked words alone. Left out are
// tests with fewer than two words or too many events, tests in which no read can show a wrong
// order, and copies of earlier tests.
std::vector<std::string> litmus_tests(const std::string& name, const program::Program& program,
                                      const std::vector<shim::Ordered>& record,
                                      const std::vector<size_t>& operations);

}  // namespace tool
