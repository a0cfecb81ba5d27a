// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/kernel.h"

#include <fmt/core.h>

#include <map>
#include <regex>

#include "kernel/kernel_variant.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/variants/module.h"
#include "tool/variants/refusal.h"

namespace tool {
ModuleVariant module_of(const KernelTree& tree) {
  for (const std::string& word : {tree.title, tree.folder.string()})
    if (word.find_first_of("\"\\;$\n") != std::string::npos ||
        word.find("]==]") != std::string::npos)
      throw Failure(fmt::format(
          "{}: cannot be built: the path has one of \" \\ ; $, a newline or ]==]", word));
  std::string more;
  if (!tree.changed.empty()) more += fmt::format(" CHANGED [==[{}]==]", tree.changed.string());
  if (tree.build.hz) more += fmt::format(" HZ {}", tree.build.hz);
  if (tree.build.zeroes_locals) more += " LOCALS zero";
  return made_module(fmt::format("iovafuzz_kernel({} [==[{}]==] [==[{}]==]{})", tree.name,
                                 tree.title, tree.folder.string(), more),
                     "kernel", tree.name);
}

std::vector<std::string> compiler_notes(const KernelTree& tree) {
  std::filesystem::path said = build_folder() / "kernels" / tree.name / "compiler.txt";
  if (!std::filesystem::exists(said)) return {};
  return warnings_in(tree, read_file(said));
}

std::string build_name(const KernelTree& tree) { return "kernel-" + tree.name; }

const iova_variant& load_kernel(const KernelTree& tree, bool strict) {
  static std::map<std::pair<std::string, bool>, iova_variant> loaded;
  auto at = loaded.find({tree.name, strict});
  if (at != loaded.end()) return at->second;
  ModuleVariant module = module_of(tree);
  CommandResult built = try_build_modules({module});
  if (built.status) throw Failure(why_refused(tree, built.output));
  try {
    iova_variant variant =
        *static_cast<const iova_variant*>(load_module(module, KERNEL_VARIANT_SYMBOL));
    variant.strict |= strict;
    return loaded.emplace(std::pair{tree.name, strict}, variant).first->second;
  } catch (const Failure& failure) {
    static const std::regex undefined("undefined symbol: (\\w+)");
    std::string error = failure.what();
    std::smatch match;
    if (!std::regex_search(error, match, undefined)) throw;
    throw Failure(why_refused_for_symbol(tree, match[1]));
  }
}

}  // namespace tool
