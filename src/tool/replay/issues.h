// SPDX-License-Identifier: GPL-2.0-only
// Which known issues an allocator has, and under which keys: its reproducer shows that. Where
// functions have other names, or where the judge sees less of the allocator, a finding's key is
// another than the ledger's.
#pragma once

#include <string>
#include <vector>

#include "engine/ledger.h"
#include "iova/variant.h"
#include "tool/replay/isolate.h"

namespace tool {

struct IssueState {
  enum State { present, repaired, not_applicable, other } state = repaired;
  std::string key = {};      // that shows: of present and other
  std::string why = {};      // of not_applicable and other
  std::string program = {};  // that shows it, if that is not the reproducer

  // "present", "repaired in this tree", "not applicable", "another finding".
  const char* in_words() const;
};

// Why a run did not ask the allocator for all of its program: of the first step that it skipped, or
// "". init_is_whole: init_iova_domain() has done what iova_domain_init_rcaches() would.
std::string not_asked(const program::Program& program, const std::vector<RecordedStep>& steps,
                      bool init_is_whole);

// By the reproducer, and by programs near it: a tree may need another size or another attempt to
// fail.
IssueState state_of(const engine::KnownFinding& issue, const iova_variant& variant);

// The oracle and the operation are those of one of its keys; function and fault site may have
// other names.
bool resembles(const engine::KnownFinding& issue, const std::string& key);

// engine::find_known() and engine::known_keys(), with the keys under which the reproducers show
// their issues here: such that resemble the issue, and its other keys with the names that this
// tells; or any where the issue's own oracles need views that the variant lacks.
const engine::KnownFinding* find_issue(const std::string& key, const iova_variant& variant);
std::vector<std::string> issue_keys(const iova_variant& variant);

}  // namespace tool
