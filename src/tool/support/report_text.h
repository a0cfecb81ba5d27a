// SPDX-License-Identifier: GPL-2.0-only
// Reports as people read them: with files and lines of all callers.
#pragma once

#include <string>

#include "engine/report.h"

namespace tool {

// Looks up where the callers are, in debug information, if there is any. Paths of the project are
// made relative to it.
void find_lines(engine::Report& report);
std::string report_text(engine::Report report);
// "iova_magazine_free" of "iova_magazine_free (drivers/iommu/iova.c:614)".
std::string bare_function(const std::string& function);

}  // namespace tool
