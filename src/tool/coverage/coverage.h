// SPDX-License-Identifier: GPL-2.0-only
// Measures which lines and branches of the allocator inputs reach, in a build with source coverage.
#pragma once

#include <string>
#include <vector>

#include "tool/coverage/reached.h"

namespace tool {

struct Measured {
  std::vector<std::string> inputs = {};  // files or folders; empty for the seeds
  std::string kernel = {};  // measure this tree's own code; else the port, on all its revisions
  std::string html = {};    // folder for llvm-cov's pages; else a folder of the build
};

// The measured code, and the pages about it.
struct Subject {
  std::string what, of;  // title; "of" column of unreached.inc
  Reached reached;
  std::string pages;  // path of llvm-cov's first page
};

// Builds the measured allocator and runs the inputs. Throws Failure.
Subject measure(const Measured& measured);

// A sentence with file, line and function.
std::string describe(const Gap& gap);

}  // namespace tool
