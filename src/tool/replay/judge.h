// SPDX-License-Identifier: GPL-2.0-only
// Replays inputs on a variant and classifies what they show: new, known to the ledger, or a known
// finding that should be gone.
#pragma once

#include <string>
#include <vector>

#include "engine/ledger.h"
#include "fuzz/target.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/variants/variants.h"

namespace tool {

// The variant that inputs are replayed on.
struct TestedVariant {
  const iova_variant* variant;
  std::string replay_options;    // options of `replay` that choose the variant
  const iova_variant* expected;  // reference for targets that compare; or NULL
  std::string compare_command;   // command that compares the inputs appended to it
};

TestedVariant tested(const VariantChoice& choice);

enum class Standing { is_new, came_back, is_known };
const char* name(Standing standing);

// came_back: the ledger has the key, but not for this variant or, for a kernel tree, not for the
// revision that it is like.
Standing standing_of(const std::string& key, const iova_variant& variant);

shim::Severity severity_of(const Outcome& outcome);

class Judge {
 public:
  // use_ledger: runs continue past known findings, except those whose ids are in forgotten. Runs
  // also continue past the keys and oracles in past.
  Judge(const TestedVariant& tested, bool use_ledger, std::vector<std::string> forgotten = {},
        int timeout_ms = 25'000, std::vector<std::string> past = {})
      : tested_(tested), use_ledger_(use_ledger), forgotten_(std::move(forgotten)),
        past_(std::move(past)), timeout_ms_(timeout_ms) {}

  // Returns a new finding if the input shows one (a broken promise before a difference); else one
  // of the keys in found; else a finding that the ledger knows.
  Outcome replay(const Input& input, const fuzz::Target& target,
                 const std::vector<std::string>& found) const;
  // The ledger's entry for the key on the variant. NULL if there is none, or it is forgotten, or
  // the ledger is not used.
  const engine::KnownFinding* known(const std::string& key) const;
  // Whether past has the key or its oracle.
  bool is_past(const std::string& key) const;
  // All keys for which known() has an entry or is_past() is true.
  std::vector<std::string> known_keys() const;
  // Options for a run that continues past the given keys. Differences are ignored unless
  // tell_differences is set.
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
