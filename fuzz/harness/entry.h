// SPDX-License-Identifier: GPL-2.0-only
// What the entry points of all targets share: what their environment asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

struct iova_variant;

namespace fuzz {

// Keys of findings to note and go past: the environment variable IOVAFUZZ_KNOWN names a file of
// them, one a line (/dev/null: none). Without it, those of the ledger that affect the variant.
const std::vector<std::string>& known(const iova_variant* variant);
// IOVAFUZZ_ONLY: a key, or the id of an oracle. The process dies of that finding and of no other:
// minimizers that know no findings keep to it. "" if it is not set.
const std::string& only();
// IOVAFUZZ_DIFFERENCES=tell: what breaks no promise is a finding, too (engine::Options).
bool tells_differences();
// The variant; with IOVAFUZZ_VIEWS=none, as one that shows nothing of its inside.
const iova_variant& as_asked_for(const iova_variant& variant);
// With each input. AFL++ that is killed leaves a stopped process of the target behind: not this
// one.
void end_with_fork_server();
// IOVAFUZZ_MUTATORS=stock: mutation is the engine's own.
bool uses_stock_mutators();
// Tells, once, that one of them was met.
void announce(const std::string& key);

// IOVAFUZZ_KEEP names a folder for inputs with new findings: then the process does not die of a
// finding that it can go past, which is known from then on.
bool keeps_findings();
// Before a run of an input, which must outlive it.
void begin_input(const uint8_t* data, size_t size);
// Puts the input there, under the name kept-PROCESS-NUMBER:KEY,execs:EXECUTIONS. False if it
// cannot.
bool keep(const std::string& key);
// After the run: what was kept in it. A difference stands for all of its oracle, if so.
void know_what_was_kept(bool by_oracle);

}  // namespace fuzz
