// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/crash_checks.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "engine/oracles.h"

namespace tool {
namespace {

std::string show(const Reading& reading) {
  std::string text =
      fmt::format("{}{}: {}", reading.type, reading.security ? ", security" : "", reading.state);
  std::replace(text.begin(), text.end(), '\n', '|');
  return text;
}

// Whether a sanitizer or the engine wrote a stack. ClusterFuzz labels stacks with "fuzz/" in their
// paths, which any build of this project has.
bool has_stack_in_fuzz_folder(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    size_t frame = line.find("    #");
    bool is_ours = line.find(" 0x0 in iova::") != line.npos;
    if (frame == 0 && !is_ours && line.find("fuzz") != line.npos) return true;
  }
  return false;
}

// The mistake in a reading; "" if there is none.
std::string mistake_in(const Reading& reading, const std::string& oracle, const std::string& text) {
  const RecordedReading* row = recorded_reading(oracle);
  if (!row) return fmt::format("clusterfuzz.inc has no row for {}", oracle);
  if (reading.type != row->type || reading.security != row->security)
    return fmt::format("differs from clusterfuzz.inc: {}", show(reading));
  if (!reading.labels.empty() && !has_stack_in_fuzz_folder(text))
    return fmt::format("labelled {}: {}", reading.labels[0], show(reading));
  Reading ours = reading_of(text);
  if (ours.type != reading.type || ours.state != reading.state || ours.security != reading.security)
    return fmt::format("our rules read {}, ClusterFuzz reads {}", show(ours), show(reading));
  return "";
}

class Court {
 public:
  Court(const ClusterFuzz& judge, const std::vector<CrashOfBuild>& crashes) : crashes_(crashes) {
    std::vector<CrashText> texts;
    for (const CrashOfBuild& crash : crashes) texts.push_back(crash.crash.text);
    answers_ = judge.read(texts);
  }

  std::vector<Check> judge() {
    for (size_t i = 0; i < crashes_.size(); i++) {
      const Crash& crash = crashes_[i].crash;
      note("read-as-recorded", i,
           mistake_in(answers_.readings[i], std::string(engine::oracle_of(crash.key)),
                      crash.text.text));
      note("one-bug-by-key", i, mistake_in_company(i));
    }
    std::vector<Check> checks;
    for (const auto& [what, why] : noted_)
      checks.push_back({.name = what.second, .target = what.first, .ok = why.empty(), .why = why});
    return checks;
  }

 private:
  // Keeps the first mistake per defect or issue.
  void note(const std::string& check, size_t i, const std::string& why) {
    const CrashOfBuild& crash = crashes_[i];
    std::string& noted = noted_[{crash.crash.of, check}];
    if (!noted.empty() || why.empty()) return;
    noted = fmt::format("input {}, sanitizer {}, {}: {}", crash.crash.input, crash.sanitizer,
                        crash.crash.text.symbolized ? "symbolized" : "bare", why);
  }
  std::string mistake_in_company(size_t i) const {
    const Crash& crash = crashes_[i].crash;
    for (size_t j = 0; j < crashes_.size(); j++) {
      const Crash& other = crashes_[j].crash;
      bool is_one = answers_.are_one(i, j);
      if (is_one == (crash.key == other.key)) continue;
      return fmt::format("{} {} {} of {}: {} / {}", crash.key,
                         is_one ? "is grouped with" : "is not grouped with", other.key, other.of,
                         show(answers_.readings[i]), show(answers_.readings[j]));
    }
    return "";
  }

  const std::vector<CrashOfBuild>& crashes_;
  ClusterFuzz::Answers answers_;
  std::map<std::pair<std::string, std::string>, std::string> noted_;
};

// Checks each oracle once per build's way of ending a process.
std::vector<Check> check_oracles(const ClusterFuzz& judge,
                                 const std::vector<CrashOfBuild>& crashes) {
  std::vector<OracleCrash> oracles;
  std::vector<CrashText> texts;
  std::set<std::string> builds;
  for (const CrashOfBuild& crash : crashes) {
    bool symbolized = crash.crash.text.symbolized;
    if (!builds.insert(fmt::format("{} {}", crash.sanitizer, symbolized)).second) continue;
    for (OracleCrash& oracle : crash_of_every_oracle(crash.crash.text.text)) {
      texts.push_back({oracle.text, symbolized});
      oracles.push_back(std::move(oracle));
    }
  }
  ClusterFuzz::Answers answers = judge.read(texts);
  std::map<std::string, std::string> mistakes;
  for (size_t i = 0; i < oracles.size(); i++) {
    std::string why = mistake_in(answers.readings[i], oracles[i].oracle, oracles[i].text);
    for (size_t j = 0; j < oracles.size() && why.empty(); j++)
      if (answers.are_one(i, j) != (oracles[i].oracle == oracles[j].oracle))
        why = fmt::format("grouped with {}: {}", oracles[j].oracle, show(answers.readings[j]));
    std::string& noted = mistakes[oracles[i].oracle];
    if (noted.empty()) noted = why;
  }
  std::vector<Check> checks;
  for (const auto& [oracle, why] : mistakes)
    checks.push_back({.name = "oracle", .target = oracle, .ok = why.empty(), .why = why});
  return checks;
}

}  // namespace

std::vector<Check> check_crashes(const ClusterFuzz& judge,
                                 const std::vector<CrashOfBuild>& crashes) {
  std::vector<Check> checks = Court(judge, crashes).judge();
  std::vector<Check> of_oracles = check_oracles(judge, crashes);
  checks.insert(checks.end(), of_oracles.begin(), of_oracles.end());
  return checks;
}

}  // namespace tool
