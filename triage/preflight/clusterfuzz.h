// SPDX-License-Identifier: GPL-2.0-only
// What ClusterFuzz makes of a crash: by the rules of its that we wrote down, and by itself, from a
// clone.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tool {

struct Reading {
  std::string type, state;               // their lines end with '\n', but for the last of the type
  bool security;                         // a bug that is kept secret
  std::vector<std::string> labels = {};  // that blame the harness; of ClusterFuzz itself alone
};

// By those rules of its parser (stacktraces/__init__.py of August 2026) that texts of our targets
// meet.
Reading reading_of(const std::string& text);
// By its comparer: whether both are taken for one bug.
bool are_one(const Reading& one, const Reading& other);

// As we wrote it down, an oracle a row.
struct RecordedReading {
  const char* oracle;
  const char* type;
  bool security;
};
std::span<const RecordedReading> recorded_readings();
// NULL if there is none.
const RecordedReading* recorded_reading(const std::string& oracle);

struct CrashText {
  std::string text;
  bool symbolized;  // by the target that wrote it
};

// Its own parser and comparer.
class ClusterFuzz {
 public:
  // A folder with its src/. Throws Failure.
  explicit ClusterFuzz(const std::filesystem::path& clone);

  class Answers {
   public:
    std::vector<Reading> readings;  // in the order of the texts
    bool are_one(size_t text, size_t other) const;

   private:
    friend class ClusterFuzz;
    std::vector<size_t> state_of_;
    std::vector<std::vector<bool>> similar_;  // states
  };
  Answers read(const std::vector<CrashText>& texts) const;

 private:
  std::filesystem::path clone_;
};

}  // namespace tool
