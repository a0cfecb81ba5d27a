// SPDX-License-Identifier: GPL-2.0-only
// Runs of fuzz targets as a farm makes them: its options for sanitizers, limits, an empty folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tool/support/process.h"

namespace tool {

struct RunOptions {
  int seconds = 60;
  bool symbolizes = false;
  bool goes_past = true;  // what the ledger knows
};

CommandResult run_target(const std::filesystem::path& binary,
                         const std::vector<std::string>& arguments, const RunOptions& options);

// Each job once, on all CPUs. Throws Failure: the last of theirs.
void in_parallel(size_t jobs, const std::function<void(size_t)>& work);

}  // namespace tool
