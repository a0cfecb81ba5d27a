// SPDX-License-Identifier: GPL-2.0-only
// Reports as text, with file and line of each caller.
#pragma once

#include <string>

#include "engine/report.h"

namespace tool {

// Looks up the callers' files and lines in debug information, if there is any. Paths inside the
// project become relative.
void find_lines(engine::Report& report);
std::string report_text(engine::Report report);
// "iova_magazine_free" of "iova_magazine_free (drivers/iommu/iova.c:614)".
std::string bare_function(const std::string& function);

}  // namespace tool
