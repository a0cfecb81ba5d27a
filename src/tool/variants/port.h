// SPDX-License-Identifier: GPL-2.0-only
// The port as shared objects: a revision, or one with a planted defect, built and loaded when it is
// asked for. Revisions are identifiers of revisions.inc here ("v6_12").
#pragma once

#include <string>
#include <vector>

#include "iova/defect.h"
#include "iova/variant.h"
#include "tool/variants/module.h"

namespace tool {

// With dashes.
std::string name_of(const port::DefectInfo& defect);

// Throws Failure with the nearest name, or all of them.
const port::DefectInfo& find_defect(const std::string& name);

// The name of its build targets and of its folder under bin/; NULL: no defect.
std::string build_name(const std::string& revision, const port::DefectInfo* defect);

// Of a revision, or of all defects that need the same of it.
ModuleVariant module_of(const std::string& revision, const port::DefectInfo* defect);

// Brings all of them up to date in one go. Throws Failure.
void build_defects(const std::string& revision,
                   const std::vector<const port::DefectInfo*>& defects);

// Builds it if need be and loads it into this process, where it stays. Throws Failure.
const iova_variant& load_port(const std::string& revision,
                              const port::DefectInfo* defect = nullptr);

}  // namespace tool
