// SPDX-License-Identifier: GPL-2.0-only
#include "finding.h"

#include <cstdio>
#include <cstdlib>

#include "bug.h"

namespace shim {
namespace {

constexpr const Oracle* all[] = {
#define ORACLE(identifier, id, rule, recoverable, severity) &oracle::identifier,
#include "oracles.inc"
#undef ORACLE
};

bool print_and_die(const Finding& finding) {
  fmt::print(stderr, "{}\n  in {}{}\n  {}\n", headline(*finding.oracle), finding.function,
             finding.where.empty() ? "" : fmt::format(" ({})", finding.where), finding.values);
  return false;
}

FindingHandler current_handler = print_and_die;
bool is_dying;

}  // namespace

std::span<const Oracle* const> oracles() { return all; }

std::string headline(const Oracle& oracle) { return fmt::format("{}: {}", oracle.id, oracle.rule); }

const char* name(Severity severity) {
  switch (severity) {
    case Severity::memory_safety: return "memory-safety";
    case Severity::hang: return "hang";
    case Severity::wrong_result: return "wrong-result";
    case Severity::lost_resource: return "lost-resource";
    case Severity::unknown: return "unknown";
  }
  return "?";
}

const char* name(Blame blame) {
  switch (blame) {
    case Blame::allocator: return "allocator";
    case Blame::shim: return "shim";
    case Blame::harness: return "harness";
  }
  return "?";
}

void set_finding_handler(FindingHandler handler) {
  current_handler = handler ? handler : print_and_die;
}

void notify(Finding finding) {
  if (is_dying) return;  // how the process ends is no further finding
  is_dying = finding.dying = true;
  current_handler(finding);
  fflush(stderr);
}

void raise(const Finding& finding) {
  bool go_on = current_handler(finding);
  if (!go_on || !finding.oracle->recoverable) {
    fflush(stderr);
    is_dying = true;
    abort();
  }
}

}  // namespace shim

extern "C" bool shim_warn_on(bool condition, const char* expression, const shim_site* site) {
  if (condition)
    shim::raise(shim::oracle::kernel_warn, site, fmt::format("WARN_ON({})", expression));
  return condition;
}

extern "C" void shim_bug_on(bool condition, const char* expression, const shim_site* site) {
  if (condition) shim::raise(shim::oracle::kernel_bug, site, fmt::format("BUG_ON({})", expression));
}
