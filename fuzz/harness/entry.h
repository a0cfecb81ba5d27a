// SPDX-License-Identifier: GPL-2.0-only
// What the entry points of all targets share: what their environment asks for.
#pragma once

#include <string>
#include <vector>

struct iova_variant;

namespace fuzz {

// Keys of findings to note and go past: the environment variable IOVAFUZZ_KNOWN names a file of
// them, one a line (/dev/null: none). Without it, those of the ledger that affect the variant.
const std::vector<std::string>& known(const iova_variant* variant);
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

}  // namespace fuzz
