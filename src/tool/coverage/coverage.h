// SPDX-License-Identifier: GPL-2.0-only
// Which lines and branches of the allocator inputs reach, measured in a build with source coverage.
#pragma once

#include <string>
#include <vector>

#include "tool/coverage/reached.h"

namespace tool {

struct Measured {
  std::vector<std::string> inputs = {};  // files or folders; none: the seeds
  std::string kernel = {};               // a tree's own code; else the port, on all its revisions
  std::string html = {};                 // folder for llvm-cov's pages; else one of the build's
};

// What ran, and where its files are.
struct Subject {
  std::string what, of;  // of: in unreached.inc
  Reached reached;
  std::string pages;  // the first of them
};

// Builds what is needed and runs the inputs. Throws Failure.
Subject measure(const Measured& measured);

// A sentence with file, line and function.
std::string describe(const Gap& gap);

}  // namespace tool
