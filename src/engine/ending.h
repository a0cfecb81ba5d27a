// SPDX-License-Identifier: GPL-2.0-only
// The end of a run, after its last operation: frees, flushes, requests and puts everything, so that
// lost space and memory show.
#pragma once

#include <string>

namespace engine {

struct Domain;
class Run;

namespace ending {

// Frees all ranges in all domains.
void free_everything(Run& run);
// A node without an owner may be the allocator's own. Its pages are lost if a request that fits
// only there is refused.
void ask_for_what_nobody_owns(Run& run, Domain& domain);
// For a design that is not strict, with or without views: requests the whole space of all domains
// once more, which must be granted.
void ask_for_everything(Run& run);
// Puts domains and drops references. Returns what it did, if outcomes are watched.
std::string put_everything(Run& run);

}  // namespace ending
}  // namespace engine
