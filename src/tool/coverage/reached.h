// SPDX-License-Identifier: GPL-2.0-only
// What llvm-cov says about code that was run: the lines and branches that were not reached, and
// whether each has a reason.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tool/support/json.h"

namespace tool {

// Code that was not reached. Its text is "" for a function that was never called, the first
// statement of consecutive lines, or a condition with " is never true" or " is never false".
struct Gap {
  std::string file;
  int line;
  std::string function;
  std::string text;
};

struct Share {
  size_t lines = 0, lines_reached = 0;
  size_t branches = 0, branches_reached = 0;  // each condition has two
};

struct Reached {
  Share all;
  std::map<std::string, Share> files;
  std::vector<Gap> gaps;
  std::map<std::string, std::string> functions;  // all, with their text, blanks squeezed
};

// Of the files that are wanted. What is compiled several times counts as once: a line is reached if
// it is in any. Conditions that the build decides (revision.x, defect.x) and those inside of macros
// are left out, and those that are not come to at all, since a line or another condition says so.
//   json  what llvm-cov export says in its own format, with functions
//   lcov  the same in lcov's format, which tells lines
//   read  the text of a file by the name that it has there
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
  std::vector<Excuse> stale;  // what they excuse is reached, or is gone
  size_t explained = 0;
};
// can_lack: a tree that lacks a row's code is not at odds with the row.
Judgement judge(const Reached& reached, std::span<const Excuse> excuses, bool can_lack);

}  // namespace tool
