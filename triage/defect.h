// SPDX-License-Identifier: GPL-2.0-only
// Planted defects, as their users name them; and the port with one, built and loaded.
#pragma once

#include <string>
#include <vector>

#include "iova/defect.h"
#include "iova/variant.h"
#include "triage/module.h"

namespace triage {

// With dashes.
std::string name_of(const port::DefectInfo& defect);

// Throws Failure that tells which there are.
const port::DefectInfo& find_defect(const std::string& name);

// The name of its build targets and of its folder under bin/; revision is an
// identifier of revisions.inc.
std::string build_name(const std::string& revision, const port::DefectInfo& defect);

ModuleVariant module_of(const std::string& revision, const port::DefectInfo& defect);

// Brings all of them up to date in one go. Throws Failure.
void build_defects(const std::string& revision,
                   const std::vector<const port::DefectInfo*>& defects);

// Builds it if need be and loads it into this process, where it stays. Throws Failure.
const iova_variant& load_defect(const std::string& revision, const port::DefectInfo& defect);

}  // namespace triage
