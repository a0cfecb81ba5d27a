// SPDX-License-Identifier: GPL-2.0-only
// What a run does after its last operation: everything is freed, flushed, asked for and put, so
// that what was lost shows.
#pragma once

#include <string>

namespace engine {

struct Domain;
class Run;

namespace ending {

// All ranges, in all domains.
void free_everything(Run& run);
// A node that no caller owns may be the allocator's own business. Its pages are lost if they are
// not granted to a request that fits there and nowhere else.
void ask_for_what_nobody_owns(Run& run, Domain& domain);
// Of an allocator whose design is not known, whatever it shows: the whole space of all domains must
// be granted once more.
void ask_for_everything(Run& run);
// Domains, and references to the caches. Returns what was done, for somebody who watches.
std::string put_everything(Run& run);

}  // namespace ending
}  // namespace engine
