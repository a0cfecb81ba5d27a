// SPDX-License-Identifier: GPL-2.0-only
// Builds and loads the port as shared objects, on demand: a revision, or a revision with a planted
// defect. Here, revisions are identifiers of revisions.inc ("v6_12").
#pragma once

#include <string>
#include <vector>

#include "iova/defect.h"
#include "iova/variant.h"
#include "tool/variants/module.h"

namespace tool {

// The defect's flag, with dashes instead of underscores.
std::string name_of(const port::DefectInfo& defect);

// Throws Failure with the nearest name, or all of them.
const port::DefectInfo& find_defect(const std::string& name);

// Name of the variant's build targets and of its folder under bin/. NULL means no defect.
std::string build_name(const std::string& revision, const port::DefectInfo* defect);

// The shared object of a revision, or of all defects that need the same behaviours of that
// revision.
ModuleVariant module_of(const std::string& revision, const port::DefectInfo* defect);

// Builds the modules of all these defects at once. Throws Failure.
void build_defects(const std::string& revision,
                   const std::vector<const port::DefectInfo*>& defects);

// Builds it if need be and loads it into this process, where it stays. Throws Failure.
const iova_variant& load_port(const std::string& revision,
                              const port::DefectInfo* defect = nullptr);

}  // namespace tool
