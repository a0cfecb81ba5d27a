// SPDX-License-Identifier: GPL-2.0-only
// Findings, which oracles raise, and the handler that receives them.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "site.h"

namespace shim {

// Severity of a finding, worst first: misuse or corruption of memory; no progress; a wrong result
// or state; a resource that is never released.
enum class Severity : uint8_t { memory_safety, hang, wrong_result, lost_resource, unknown };
const char* name(Severity severity);
// All severities, worst first.
inline constexpr Severity severities[] = {Severity::memory_safety, Severity::hang,
                                          Severity::wrong_result, Severity::lost_resource,
                                          Severity::unknown};

// A check with a stable id. The rule is the headline's text, so it holds no values.
struct Oracle {
  const char* id;
  const char* rule;
  bool recoverable;  // the world stays consistent: the run may continue
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

// Who is at fault. The harness must keep the callers' side of the allocator's contract; a violation
// of that is blamed on the harness.
enum class Blame : uint8_t { allocator, shim, harness };
const char* name(Blame blame);

struct Finding {
  const Oracle* oracle;
  std::string function;  // kernel function at fault
  std::string where;     // file:line, for readers; never part of a key
  std::string values;    // details, free text
  const void* address;   // the memory it is about, or NULL
  bool dying = false;    // the process dies, whatever the handler returns
  Blame blame = Blame::allocator;
};

// "slab-free-null: kmem_cache_free() of a NULL pointer"
std::string headline(const Oracle& oracle);

// Receives every finding. Returning true continues the run if the finding is recoverable; otherwise
// the process aborts. The handler need not return.
using FindingHandler = bool (*)(const Finding&);
// NULL restores the default handler, which prints headline, function and values on stderr.
void set_finding_handler(FindingHandler handler);

// Calls the handler; aborts unless it returns true for a recoverable finding.
void raise(const Finding& finding);
// Calls the handler and returns, because the process is dying already. Only the first finding that
// the process dies of is reported.
void notify(Finding finding);
inline void raise(const Oracle& oracle, const shim_site* site, std::string values,
                  const void* address = nullptr) {
  raise(Finding{&oracle, site ? site->function : "?",
                site ? fmt::format("{}:{}", site->file, site->line) : "", std::move(values),
                address});
}

}  // namespace shim
