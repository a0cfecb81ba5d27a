// SPDX-License-Identifier: GPL-2.0-only
// Tells which known issues an allocator has, and under which keys, by running their reproducers.
// A finding's key differs from the ledger's if functions of the tree have other names, or if the
// variant lacks views.
#pragma once

#include <string>
#include <vector>

#include "engine/ledger.h"
#include "iova/variant.h"
#include "tool/replay/isolate.h"

namespace tool {

struct IssueState {
  enum State { present, repaired, not_applicable, other } state = repaired;
  std::string key = {};      // of present and other: the key that was found
  std::string why = {};      // of not_applicable and other
  std::string program = {};  // shows the issue, if the reproducer does not

  // "present", "repaired in this tree", "not applicable", "another finding".
  const char* in_words() const;
};

// Returns why the run skipped a step, for the first that it skipped, or "". With init_is_whole,
// init_iova_domain() has made the rcaches, so a skipped init_rcaches does not count.
std::string not_asked(const program::Program& program, const std::vector<RecordedStep>& steps,
                      bool init_is_whole);

// Runs the reproducer, and programs near it: a tree may need another size or another failing
// attempt.
IssueState state_of(const engine::KnownFinding& issue, const iova_variant& variant);

// Whether the key has oracle and operation of one of the issue's keys. Function and fault site may
// have other names.
bool resembles(const engine::KnownFinding& issue, const std::string& key);

// Like engine::find_known() and engine::known_keys(), but they also know the keys under which the
// reproducers show their issues on this variant: keys that resemble the issue, the issue's other
// keys with functions renamed accordingly, and any key if the variant lacks the views that the
// issue's oracles need.
const engine::KnownFinding* find_issue(const std::string& key, const iova_variant& variant);
std::vector<std::string> issue_keys(const iova_variant& variant);

}  // namespace tool
