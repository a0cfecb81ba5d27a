// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/presence.h"

#include <algorithm>
#include <map>

#include "engine/oracles.h"
#include "tool/replay/isolate.h"
#include "tool/replay/issues.h"
#include "tool/support/failure.h"
#include "tool/variants/kernel.h"

namespace tool {

const char* Presence::in_words() const {
  switch (state) {
    case present: return "present";
    case other: return "another finding";
    case clean: return "clean";
    case not_applicable: return "not applicable";
    case not_built: return "cannot be built";
  }
  return "?";
}

bool is_same_finding(const std::string& key, const std::string& other) {
  return engine::oracle_of(key) == engine::oracle_of(other);
}

Presence presence_on(const iova_variant& variant, const program::Program& program,
                     const std::string& key) {
  Recorder recorder;
  return presence_on(variant, program, key, recorder);
}

Presence presence_on(const iova_variant& variant, const program::Program& program,
                     const std::string& key, Recorder& recorder) {
  constexpr size_t most = 8;  // findings before the one asked for
  Presence presence;
  IsolateOptions options{.record = true};
  std::string skipped;
  while (presence.keys.size() < most) {
    Outcome outcome = options.known.empty() ? recorder.run(variant, program)
                                            : run_isolated(variant, program, options);
    if (outcome.kind == Outcome::clean) {
      skipped = not_asked(program, outcome.steps, !variant.init_rcaches);
      break;
    }
    presence.keys.push_back(outcome.key());
    if (is_same_finding(outcome.key(), key)) {
      presence.state = Presence::present;
      return presence;
    }
    if (!outcome.report) break;  // a crash without a report cannot be skipped
    options.known.push_back(outcome.key());
  }
  if (!presence.keys.empty()) {
    presence.state = Presence::other;
  } else if (!skipped.empty()) {
    presence.state = Presence::not_applicable;
    presence.why = skipped;
  }
  return presence;
}

Presence about(Presence presence, const std::string& key) {
  for (size_t i = 0; i < presence.keys.size(); i++) {
    if (!is_same_finding(presence.keys[i], key)) continue;
    presence.keys.resize(i + 1);
    presence.state = Presence::present;
    break;
  }
  return presence;
}

std::vector<Presence> presence_on(const std::vector<KernelTree>& trees,
                                  const program::Program& program, const std::string& key) {
  std::vector<ModuleVariant> modules;
  for (const KernelTree& tree : trees) modules.push_back(module_of(tree));
  try_build_modules(modules);  // a tree that fails here throws in load_kernel()
  std::vector<Presence> all;
  for (const KernelTree& tree : trees) {
    try {
      all.push_back(presence_on(load_kernel(tree), program, key));
    } catch (const Failure& failure) {
      all.push_back({Presence::not_built, {}, failure.what()});
    }
  }
  return all;
}

Suspects find_change(size_t changes, const std::function<std::optional<bool>(size_t)>& has_come) {
  std::map<size_t, std::optional<bool>> asked;
  auto ask = [&](size_t i) {
    auto [at, is_new] = asked.try_emplace(i);
    if (is_new) at->second = has_come(i);
    return at->second;
  };
  size_t first = 0, last = changes - 1;
  // Ask the change nearest to the middle that builds.
  while (first < last) {
    const size_t middle = first + (last - first) / 2;
    std::optional<bool> answer;
    size_t at = middle;
    for (size_t far = 0; !answer && far <= last - first; far++)
      for (size_t i : {middle + far, middle - far}) {
        if (i < first || i >= last || answer) continue;
        answer = ask(i);
        at = i;
      }
    if (!answer) break;
    if (*answer)
      last = at;
    else
      first = at + 1;
  }
  return {first, last};
}

std::string first_key(const iova_variant& variant, const program::Program& program) {
  Outcome outcome = run_isolated(variant, program);
  return outcome.kind == Outcome::clean ? "" : outcome.key();
}

}  // namespace tool
