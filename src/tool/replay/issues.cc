// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/issues.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>

#include "engine/oracles.h"
#include "engine/views.h"
#include "program/mutation.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/support/build.h"

namespace tool {
namespace {

using engine::KnownFinding;

// Splits oracle:function:operation:fault site; missing parts are empty.
std::vector<std::string> parts_of(const std::string& key) {
  std::vector<std::string> parts;
  std::istringstream text(key);
  for (std::string part; std::getline(text, part, ':');) parts.push_back(part);
  parts.resize(std::max<size_t>(parts.size(), 4));
  return parts;
}

bool resemble(const std::string& key, const std::string& other) {
  const std::vector<std::string> a = parts_of(key), b = parts_of(other);
  return a[0] == b[0] && a[2] == b[2];
}

// Keys of the other issues, which may occur before this one.
std::vector<std::string> keys_of_others(const KnownFinding& issue) {
  std::vector<std::string> keys;
  for (const KnownFinding& other : engine::ledger())
    if (other.id != issue.id) keys.insert(keys.end(), other.keys.begin(), other.keys.end());
  return keys;
}

program::Program reproducer_of(const KnownFinding& issue) {
  return read_input(source_folder() / "corpus" / issue.reproducer).program;
}

// Returns the view that the oracle needs and the variant lacks, or "".
std::string lacking_view(std::string_view oracle, const iova_variant& variant) {
  std::istringstream names{std::string(engine::views_of(oracle))};
  for (std::string name; names >> name;) {
    const unsigned needed = engine::views_named(name);
    const bool has_no_hint = needed & IOVA_VIEW_HINT && variant.lacks_hint;
    if ((variant.views & needed) != needed || has_no_hint) return name;
  }
  return "";
}

// The same for an issue: "" if any of its oracles has its views, else what the first one needs.
std::string lacking_view(const KnownFinding& issue, const iova_variant& variant) {
  std::string first;
  for (const std::string& key : issue.keys) {
    std::string view = lacking_view(engine::oracle_of(key), variant);
    if (view.empty()) return "";
    if (first.empty()) first = view;
  }
  return first;
}

// The port and the releases whose code is known show the ledger's keys; tests check that.
bool may_show_other_keys(const iova_variant& variant) {
  const bool is_port = std::string_view(variant.name).starts_with("port@");
  return !(is_port || variant.strict) || !variant.views;
}

// Whether a finding may be what is seen of an issue without the views of its own oracle: a wrong
// answer, never a broken rule of the shim or of memory safety.
bool may_be_consequence(const std::string& key) {
  const std::string_view id = engine::oracle_of(key);
  return std::any_of(engine::oracles().begin(), engine::oracles().end(),
                     [&](const shim::Oracle* oracle) {
                       return oracle->id == id && oracle->severity != shim::Severity::memory_safety;
                     });
}

bool is_in_ledger(const std::string& key) {
  return std::any_of(engine::ledger().begin(), engine::ledger().end(),
                     [&](const KnownFinding& issue) { return engine::has_key(issue, key); });
}

// Returns the key under which the reproducer shows the issue on the variant, if the ledger does not
// have it, else "". Runs the reproducer once and remembers the answer.
const std::string& other_key(const KnownFinding& issue, const iova_variant& variant) {
  static std::map<std::tuple<const void*, std::string, unsigned, std::string>, std::string> asked;
  auto [at, is_new] =
      asked.try_emplace({&variant, variant.name, variant.views, issue.id}, std::string());
  if (!is_new) return at->second;
  const Outcome outcome =
      run_isolated(variant, reproducer_of(issue), {.known = keys_of_others(issue)});
  const std::string key = outcome.report ? outcome.key() : "";
  if (key.empty() || is_in_ledger(key) || engine::is_difference(key)) return at->second;
  const bool is_hidden = !lacking_view(issue, variant).empty();
  if (resembles(issue, key) || (is_hidden && may_be_consequence(key))) at->second = key;
  return at->second;
}

// Maps functions in the ledger's keys to their names in the variant, as far as reproducers show.
std::map<std::string, std::string> names_on(const iova_variant& variant) {
  std::map<std::string, std::string> names;
  for (const KnownFinding& issue : engine::ledger()) {
    if (!engine::affects(issue, variant)) continue;
    const std::string& key = other_key(issue, variant);
    const std::vector<std::string> here = parts_of(key);
    for (const std::string& own : issue.keys) {
      if (key.empty() || !resemble(own, key)) continue;
      const std::vector<std::string> there = parts_of(own);
      for (size_t i : {1, 3})
        if (there[i] != here[i] && there[i] != "none" && here[i] != "none")
          names.try_emplace(there[i], here[i]);
    }
  }
  return names;
}

std::vector<std::string> in_names(const std::vector<std::string>& keys,
                                  const std::map<std::string, std::string>& names) {
  std::vector<std::string> translated;
  for (const std::string& key : keys) {
    std::vector<std::string> parts = parts_of(key);
    for (size_t i : {1, 3})
      if (const auto name = names.find(parts[i]); name != names.end()) parts[i] = name->second;
    translated.push_back(fmt::format("{}:{}:{}:{}", parts[0], parts[1], parts[2], parts[3]));
  }
  return translated;
}

bool contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

const char* IssueState::in_words() const {
  switch (state) {
    case present: return "present";
    case repaired: return "repaired in this tree";
    case not_applicable: return "not applicable";
    case other: return "another finding";
  }
  return "?";
}

std::string not_asked(const program::Program& program, const std::vector<RecordedStep>& steps,
                      bool init_is_whole) {
  for (const RecordedStep& step : steps) {
    bool is_done = init_is_whole && step.operation < program.operations.size() &&
                   program.operations[step.operation].code == program::OpCode::init_rcaches;
    if (step.skipped && !is_done) return step.outcome;
  }
  return "";
}

bool resembles(const KnownFinding& issue, const std::string& key) {
  return std::any_of(issue.keys.begin(), issue.keys.end(),
                     [&](const std::string& own) { return resemble(own, key); });
}

IssueState state_of(const KnownFinding& issue, const iova_variant& variant) {
  constexpr uint64_t neighbours = 200;
  const program::Program reproducer = reproducer_of(issue);
  IsolateOptions options{.record = true, .known = keys_of_others(issue)};
  const Outcome outcome = run_isolated(variant, reproducer, options);
  const std::string key = outcome.key();
  if (resembles(issue, key)) return {IssueState::present, key};
  if (key.empty()) {
    // An issue of init_rcaches itself does not apply where that call is skipped.
    const bool init_is_whole =
        !variant.init_rcaches && parts_of(issue.keys[0])[2] != "init_rcaches";
    std::string why = not_asked(reproducer, outcome.steps, init_is_whole);
    if (!why.empty()) return {IssueState::not_applicable, "", why};
  }
  // Without the oracles' views, programs near it cannot show the key either.
  const std::string view = lacking_view(issue, variant);
  std::vector<program::Program> near(view.empty() ? neighbours : 0, reproducer);
  std::vector<Job> jobs;
  for (size_t i = 0; i < near.size(); i++) {
    program::Mutator(program::all_operations, i).mutate(near[i]);
    jobs.push_back({&near[i], {}});
  }
  options.record = false;
  IssueState state;
  run_isolated(variant, jobs, options, [&](size_t i, const Outcome& of_one) {
    if (state.state == IssueState::repaired && engine::has_key(issue, of_one.key()))
      state = {IssueState::present, of_one.key(), "", print(near[i])};
  });
  if (state.state == IssueState::present || key.empty()) return state;
  state = {IssueState::other, key, fmt::format("its reproducer shows {}", key)};
  if (!view.empty())
    state.why += fmt::format(" ({} needs a view that is missing: {})",
                             engine::oracle_of(issue.keys[0]), view);
  return state;
}

const KnownFinding* find_issue(const std::string& key, const iova_variant& variant) {
  if (const KnownFinding* known = engine::find_known(key, variant)) return known;
  if (!may_show_other_keys(variant) || key.empty() || is_in_ledger(key)) return nullptr;
  const std::map<std::string, std::string> names = names_on(variant);
  for (const KnownFinding& issue : engine::ledger()) {
    if (!engine::affects(issue, variant)) continue;
    const bool may_be = resembles(issue, key);
    if ((may_be || !lacking_view(issue, variant).empty()) && other_key(issue, variant) == key)
      return &issue;
    if (may_be && contains(in_names(issue.keys, names), key)) return &issue;
  }
  return nullptr;
}

std::vector<std::string> issue_keys(const iova_variant& variant) {
  std::vector<std::string> keys = engine::known_keys(variant);
  if (!may_show_other_keys(variant)) return keys;
  std::vector<std::string> others = in_names(keys, names_on(variant));
  for (const KnownFinding& issue : engine::ledger())
    if (engine::affects(issue, variant)) others.push_back(other_key(issue, variant));
  for (const std::string& key : others)
    if (!key.empty() && !contains(keys, key)) keys.push_back(key);
  return keys;
}

}  // namespace tool
