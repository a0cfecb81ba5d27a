// SPDX-License-Identifier: GPL-2.0-only
// Findings: what an oracle raises, and who is told.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "site.h"

namespace shim {

// How bad a finding is, worst first: memory is not what its owner takes it for; nothing goes on; an
// answer or the state is wrong; something is never given back.
enum class Severity : uint8_t { memory_safety, hang, wrong_result, lost_resource, unknown };
const char* name(Severity severity);
// All of them, the worst first.
inline constexpr Severity severities[] = {Severity::memory_safety, Severity::hang,
                                          Severity::wrong_result, Severity::lost_resource,
                                          Severity::unknown};

// A check with a stable id. The rule is the headline's text, so it holds no values.
struct Oracle {
  const char* id;
  const char* rule;
  bool recoverable;  // the world stays sane: the run may go on past it
  Severity severity;
};

namespace oracle {
#define ORACLE(identifier, id, rule, recoverable, severity) \
  inline constexpr Oracle identifier{id, rule, recoverable, Severity::severity};
#include "oracles.inc"
#undef ORACLE
}  // namespace oracle

// All oracles of the shim, in the order of oracles.inc.
std::span<const Oracle* const> oracles();

// Whose doing a finding is. The harness keeps the allocator's contract; what it breaks of it is a
// finding of its own.
enum class Blame : uint8_t { allocator, shim, harness };
const char* name(Blame blame);

struct Finding {
  const Oracle* oracle;
  std::string function;  // kernel function at fault
  std::string where;     // file:line, for readers; never part of a key
  std::string values;    // what was found, free text
  const void* address;   // the memory it is about, or NULL
  bool dying = false;    // the process does, whatever the handler returns
  Blame blame = Blame::allocator;
};

// "slab-free-null: kmem_cache_free() of a NULL pointer"
std::string headline(const Oracle& oracle);

// Told of every finding. Returns true to go on past it, which is honoured only for a recoverable
// one; otherwise the process aborts. The handler may also not return.
using FindingHandler = bool (*)(const Finding&);
// NULL restores the default handler, which prints headline, function and values on stderr.
void set_finding_handler(FindingHandler handler);

// Tells the handler; aborts unless it goes on past a recoverable finding.
void raise(const Finding& finding);
// Tells the handler and returns: the caller's process is dying already. A finding that it dies of
// is told of once.
void notify(Finding finding);
inline void raise(const Oracle& oracle, const shim_site* site, std::string values,
                  const void* address = nullptr) {
  raise(Finding{&oracle, site ? site->function : "?",
                site ? fmt::format("{}:{}", site->file, site->line) : "", std::move(values),
                address});
}

}  // namespace shim
