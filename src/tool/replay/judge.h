// SPDX-License-Identifier: GPL-2.0-only
// What an input shows on a variant, and what that is: new, known to the ledger, or a known finding
// that should be gone.
#pragma once

#include <string>
#include <vector>

#include "engine/ledger.h"
#include "fuzz/target.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/variants/variants.h"

namespace tool {

// What inputs are replayed on.
struct TestedVariant {
  const iova_variant* variant;
  std::string replay_options;    // of replay, to choose it
  const iova_variant* expected;  // for targets that compare; or NULL
  std::string compare_command;   // that compares inputs, which follow it
};

TestedVariant tested(const VariantChoice& choice);

enum class Standing { is_new, came_back, is_known };
const char* name(Standing standing);

// came_back: the ledger has the key, but not for this variant, or not for the revision that a
// kernel tree is like.
Standing standing_of(const std::string& key, const iova_variant& variant);

shim::Severity severity_of(const Outcome& outcome);

class Judge {
 public:
  // With use_ledger, known findings are gone past to what comes after them, but for those of the
  // ids that are forgotten. Findings of the keys or oracles of past are gone past, too.
  Judge(const TestedVariant& tested, bool use_ledger, std::vector<std::string> forgotten = {},
        int timeout_ms = 25'000, std::vector<std::string> past = {})
      : tested_(tested), use_ledger_(use_ledger), forgotten_(std::move(forgotten)),
        past_(std::move(past)), timeout_ms_(timeout_ms) {}

  // Something new, if the input shows it anywhere, a broken promise before a difference; else one
  // of the keys found before; else what the ledger knows.
  Outcome replay(const Input& input, const fuzz::Target& target,
                 const std::vector<std::string>& found) const;
  // The ledger's entry on the variant, if it is used, or NULL.
  const engine::KnownFinding* known(const std::string& key) const;
  // Whether somebody asked to go past it.
  bool is_past(const std::string& key) const;
  // The keys of all of either.
  std::vector<std::string> known_keys() const;
  // Past the findings of the keys; differences too, unless they are to be told.
  IsolateOptions options(const fuzz::Target& target, std::vector<std::string> past,
                         bool tell_differences) const;

 private:
  Outcome replay_past(const Input& input, const fuzz::Target& target,
                      const std::vector<std::string>& past, bool tell_differences) const;

  TestedVariant tested_;
  bool use_ledger_;
  std::vector<std::string> forgotten_, past_;
  int timeout_ms_;
};

}  // namespace tool
