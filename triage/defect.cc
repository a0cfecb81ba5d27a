// SPDX-License-Identifier: GPL-2.0-only
#include "triage/defect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "iova/module.h"
#include "triage/commands.h"
#include "triage/module.h"

namespace triage {

ModuleVariant module_of(const std::string& revision, const port::DefectInfo& defect) {
  std::string name = build_name(revision, defect);
  return {fmt::format("iovafuzz_defect({} {} {})", name, revision, defect.flag),
          "port_module_" + name, build_folder() / "defects" / name / "port.so"};
}

std::string name_of(const port::DefectInfo& defect) {
  std::string name = defect.flag;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

const port::DefectInfo& find_defect(const std::string& name) {
  std::string names;
  for (const port::DefectInfo& defect : port::defects) {
    if (name == name_of(defect)) return defect;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(defect));
  }
  throw Failure(fmt::format("unknown defect '{}': there are {}", name, names));
}

std::string build_name(const std::string& revision, const port::DefectInfo& defect) {
  return revision + "+" + name_of(defect);
}

void build_defects(const std::string& revision,
                   const std::vector<const port::DefectInfo*>& defects) {
  std::vector<ModuleVariant> modules;
  for (const port::DefectInfo* defect : defects) modules.push_back(module_of(revision, *defect));
  CommandResult built = try_build_modules(modules);
  if (built.status) throw Failure(fmt::format("the build failed:\n{}", built.output));
}

const iova_variant& load_defect(const std::string& revision, const port::DefectInfo& defect) {
  static std::map<std::string, const iova_variant*> loaded;
  const iova_variant*& variant = loaded[build_name(revision, defect)];
  if (variant) return *variant;
  build_defects(revision, {&defect});
  variant = *static_cast<const iova_variant* const*>(
      load_module(module_of(revision, defect), PORT_MODULE_SYMBOL));
  return *variant;
}

}  // namespace triage
