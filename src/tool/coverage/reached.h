// SPDX-License-Identifier: GPL-2.0-only
// Reads llvm-cov's output: the lines and branches that were not reached, and whether unreached.inc
// explains each.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tool/support/json.h"

namespace tool {

// Code that was not reached. text is "" for a function that was never called, the first statement
// of consecutive lines, or a condition with " is never true" or " is never false".
struct Gap {
  std::string file;
  int line;
  std::string function;
  std::string text;
};

struct Share {
  size_t lines = 0, lines_reached = 0;
  size_t branches = 0, branches_reached = 0;  // two for each condition
};

struct Reached {
  Share all;
  std::map<std::string, Share> files;
  std::vector<Gap> gaps;
  std::map<std::string, std::string> functions;  // all functions: name to text, with single blanks
};

// Measures the wanted files. Functions that are compiled several times count once: a line is
// reached if it is reached in any copy. Left out are conditions that the build decides (revision.x,
// defect.x), conditions inside macros, and conditions that are never evaluated, since a line or
// another condition already shows that.
//   json  output of `llvm-cov export`, with functions
//   lcov  the same in lcov's format, which has the lines
//   read  returns the text of a file, by the name that it has there
Reached measure(const json& json, const std::string& lcov,
                const std::function<bool(const std::string& file)>& wanted,
                const std::function<std::string(const std::string& file)>& read);

// A row of unreached.inc.
struct Excuse {
  const char* of;  // "port" or "kernel"
  const char* function;
  const char* text;
  const char* reason;
};
std::span<const Excuse> excuses();

struct Judgement {
  std::vector<Gap> unexplained;
  std::vector<Excuse> stale;  // rows whose code is reached, or does not exist
  size_t explained = 0;
};
// can_lack: a row is not stale if the tree lacks its code.
Judgement judge(const Reached& reached, std::span<const Excuse> excuses, bool can_lack);

}  // namespace tool
