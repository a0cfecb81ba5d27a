// SPDX-License-Identifier: GPL-2.0-only
// What OSS-Fuzz asks of a project's files before anything is built.
#pragma once

#include <filesystem>
#include <vector>

#include "triage/preflight.h"

namespace triage {

// Of the files in .clusterfuzzlite/ and the build system beside it.
std::vector<Check> inspect_project(const std::filesystem::path& project);

}  // namespace triage
