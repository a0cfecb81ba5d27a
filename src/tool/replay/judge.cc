// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/judge.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/oracles.h"
#include "tool/replay/issues.h"
#include "tool/support/words.h"
#include "tool/variants/kernel_tree.h"

namespace tool {

TestedVariant tested(const VariantChoice& choice) {
  TestedVariant result{&choice.variant(), choice.options(), nullptr, ""};
  if (std::string revision = likeness(*result.variant); !revision.empty()) {
    result.expected = &parse_variant(revision).variant();
    result.compare_command = fmt::format("{} diff --programs 0 {} {}", launcher(), revision,
                                         quoted(absolute_spec(choice.kernel)));
  }
  return result;
}

const char* name(Standing standing) {
  switch (standing) {
    case Standing::is_new: return "new";
    case Standing::came_back: return "came back";
    case Standing::is_known: return "known";
  }
  return "?";
}

Standing standing_of(const std::string& key, const iova_variant& variant) {
  std::string revision = likeness(variant);
  for (const engine::KnownFinding& finding : engine::ledger()) {
    if (!engine::has_key(finding, key)) continue;
    bool is_expected = revision.empty() ? engine::affects(finding, variant)
                                        : engine::affects_revision(finding, revision);
    return is_expected ? Standing::is_known : Standing::came_back;
  }
  return find_issue(key, variant) ? Standing::is_known : Standing::is_new;
}

shim::Severity severity_of(const Outcome& outcome) {
  if (outcome.report) return outcome.report->severity;
  return outcome.kind == Outcome::timeout ? shim::Severity::hang : shim::Severity::unknown;
}

const engine::KnownFinding* Judge::known(const std::string& key) const {
  const engine::KnownFinding* finding = use_ledger_ ? find_issue(key, *tested_.variant) : nullptr;
  bool is_forgotten =
      finding && std::find(forgotten_.begin(), forgotten_.end(), finding->id) != forgotten_.end();
  return is_forgotten ? nullptr : finding;
}

bool Judge::is_past(const std::string& key) const {
  return std::any_of(past_.begin(), past_.end(), [&](const std::string& past) {
    return past == key || past == engine::oracle_of(key);
  });
}

std::vector<std::string> Judge::known_keys() const {
  std::vector<std::string> keys =
      use_ledger_ ? issue_keys(*tested_.variant) : std::vector<std::string>();
  std::erase_if(keys, [&](const std::string& key) { return !known(key); });
  keys.insert(keys.end(), past_.begin(), past_.end());
  return keys;
}

IsolateOptions Judge::options(const fuzz::Target& target, std::vector<std::string> past,
                              bool tell_differences) const {
  return {.expected = target.compares ? tested_.expected : nullptr,
          .timeout_ms = timeout_ms_,
          .known = std::move(past),
          .tell_differences = tell_differences};
}

Outcome Judge::replay_past(const Input& input, const fuzz::Target& target,
                           const std::vector<std::string>& past, bool tell_differences) const {
  if (!target.reads_text)
    return run_isolated(*tested_.variant, input.program, options(target, past, tell_differences));
  return check_text_isolated(input.content, past);
}

Outcome Judge::replay(const Input& input, const fuzz::Target& target,
                      const std::vector<std::string>& found) const {
  std::vector<std::string> past = known_keys();
  past.insert(past.end(), found.begin(), found.end());
  Outcome outcome = replay_past(input, target, past, false);
  auto goes_past = [&] { return outcome.kind == Outcome::clean && !outcome.known_met.empty(); };
  if (goes_past() && !tested_.variant->strict) outcome = replay_past(input, target, past, true);
  if (goes_past() && (use_ledger_ || !past_.empty()))
    outcome = replay_past(input, target, known_keys(), true);
  if (goes_past()) outcome = replay_past(input, target, {}, true);
  return outcome;
}

}  // namespace tool
