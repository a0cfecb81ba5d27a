// SPDX-License-Identifier: GPL-2.0-only
// Runs fuzz targets as OSS-Fuzz does: with its sanitizer options and limits, in an empty folder.
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
  bool goes_past = true;  // ignore known issues
};

CommandResult run_target(const std::filesystem::path& binary,
                         const std::vector<std::string>& arguments, const RunOptions& options);

// Runs each job once, on all CPUs. Throws Failure: the last one thrown by a job.
void in_parallel(size_t jobs, const std::function<void(size_t)>& work);

}  // namespace tool
