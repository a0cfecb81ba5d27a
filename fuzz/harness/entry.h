// SPDX-License-Identifier: GPL-2.0-only
// Options from the environment, shared by the entry points of all targets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

struct iova_variant;

namespace fuzz {

// Keys of findings to ignore. IOVAFUZZ_KNOWN names a file with one key per line (/dev/null: none).
// Without it, all ledger issues that affect the variant.
const std::vector<std::string>& known(const iova_variant* variant);
// IOVAFUZZ_ONLY: a key or an oracle's id. The process dies only of that finding, so that minimizers
// that do not know findings keep it. "" if unset.
const std::string& only();
// IOVAFUZZ_DIFFERENCES=tell: differences that break no promise are findings, too (engine::Options).
bool tells_differences();
// The variant; with IOVAFUZZ_VIEWS=none, without its views.
const iova_variant& as_asked_for(const iova_variant& variant);
// Call it with each input. If AFL++ is killed, it leaves a stopped process of the target behind;
// this makes the process die with its parent.
void end_with_fork_server();
// IOVAFUZZ_MUTATORS=stock: the engine mutates bytes.
bool uses_stock_mutators();
// Prints, once per key, that a known finding was met.
void announce(const std::string& key);

// IOVAFUZZ_KEEP names a folder for inputs with new findings. The process then continues after a
// recoverable finding, which is known from then on.
bool keeps_findings();
// Call it before each run. The input must stay valid during the run.
void begin_input(const uint8_t* data, size_t size);
// Stores the input as kept-PROCESS-NUMBER:KEY,execs:EXECUTIONS. Returns false on failure.
bool keep(const std::string& key);
// Call it after each run: adds the stored keys to the known ones. by_oracle: a difference makes its
// whole oracle known.
void know_what_was_kept(bool by_oracle);

}  // namespace fuzz
