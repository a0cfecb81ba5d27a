// SPDX-License-Identifier: GPL-2.0-only
// How ClusterFuzz reads a crash: by our copy of its rules, and by its own code from a clone.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tool {

struct Reading {
  std::string type, state;               // lines end with '\n', except the last line of type
  bool security;                         // security bug, kept private
  std::vector<std::string> labels = {};  // labels that blame the harness; set only by ClusterFuzz
                                         // itself
};

// Applies those rules of its parser (stacktraces/__init__.py of August 2026) that our targets'
// output can trigger.
Reading reading_of(const std::string& text);
// Whether its comparer takes both for the same bug.
bool are_one(const Reading& one, const Reading& other);

// The recorded reading of an oracle.
struct RecordedReading {
  const char* oracle;
  const char* type;
  bool security;
};
std::span<const RecordedReading> recorded_readings();
// NULL if the oracle has no row.
const RecordedReading* recorded_reading(const std::string& oracle);

struct CrashText {
  std::string text;
  bool symbolized;  // the target symbolized its own stack
};

// Runs ClusterFuzz's own parser and comparer.
class ClusterFuzz {
 public:
  // clone: a folder with ClusterFuzz's src/. Throws Failure.
  explicit ClusterFuzz(const std::filesystem::path& clone);

  class Answers {
   public:
    std::vector<Reading> readings;  // same order as the texts
    bool are_one(size_t text, size_t other) const;

   private:
    friend class ClusterFuzz;
    std::vector<size_t> state_of_;
    std::vector<std::vector<bool>> similar_;  // by pair of states
  };
  Answers read(const std::vector<CrashText>& texts) const;

 private:
  std::filesystem::path clone_;
};

}  // namespace tool
