// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/port.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "iova/module.h"
#include "tool/support/failure.h"
#include "tool/support/words.h"

namespace tool {
namespace {

void build_modules(const std::vector<ModuleVariant>& modules) {
  // Tests run hundreds of commands in parallel on a build that is up to date.
  bool is_built = getenv("IOVAFUZZ_BUILT") != nullptr;
  for (const ModuleVariant& module : modules) is_built &= std::filesystem::exists(module.file);
  if (is_built) return;
  CommandResult built = try_build_modules(modules);
  if (built.status) throw Failure(fmt::format("the build failed:\n{}", built.output));
}

}  // namespace

// The first defect that needs the same behaviours of the revision; it names their common module.
static const port::DefectInfo& first_like(const port::DefectInfo& defect,
                                          const std::string& revision) {
  const auto planted_in = [&](const port::DefectInfo& one) -> port::Revision {
    for (const port::NamedRevision& named : port::named_revisions)
      if (named.identifier == revision)
        return port::PlantedRevision(port::revision_of(named.version),
                                     port::defects_with(one.member));
    throw Failure("no revision " + revision);
  };
  return *std::find_if(std::begin(port::defects), std::end(port::defects),
                       [&](const auto& one) { return planted_in(one) == planted_in(defect); });
}

ModuleVariant module_of(const std::string& revision, const port::DefectInfo* defect) {
  std::string name = revision, call;  // stays empty for revisions, which every build has
  if (defect) {
    const port::DefectInfo& first = first_like(*defect, revision);
    name += "+like-" + name_of(first);
    call = fmt::format("iovafuzz_defects({} {} {})", name, revision, first.flag);
  }
  return made_module(call, "port", name);
}

std::string name_of(const port::DefectInfo& defect) {
  std::string name = defect.flag;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

const port::DefectInfo& find_defect(const std::string& name) {
  std::vector<std::string> names;
  for (const port::DefectInfo& defect : port::defects) {
    if (name == name_of(defect)) return defect;
    names.push_back(name_of(defect));
  }
  throw Failure(unknown_word("defect", name, names));
}

std::string build_name(const std::string& revision, const port::DefectInfo* defect) {
  return defect ? revision + "+" + name_of(*defect) : revision;
}

void build_defects(const std::string& revision,
                   const std::vector<const port::DefectInfo*>& defects) {
  std::vector<ModuleVariant> modules;
  for (const port::DefectInfo* defect : defects) modules.push_back(module_of(revision, defect));
  build_modules(modules);
}

const iova_variant& load_port(const std::string& revision, const port::DefectInfo* defect) {
  static std::map<std::string, const iova_variant*> loaded;
  const iova_variant*& variant = loaded[build_name(revision, defect)];
  if (variant) return *variant;
  ModuleVariant module = module_of(revision, defect);
  build_modules({module});
  auto of_defect = reinterpret_cast<PortModuleVariant*>(
      reinterpret_cast<uintptr_t>(load_module(module, PORT_MODULE_SYMBOL)));
  variant = of_defect(defect ? name_of(*defect).c_str() : "");
  return *variant;
}

}  // namespace tool
