// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/kernel.h"

#include <fmt/core.h>

#include <map>
#include <regex>
#include <sstream>

#include "kernel/kernel_variant.h"
#include "tool/support/failure.h"
#include "tool/variants/module.h"

namespace tool {
namespace {

// What is wrong with the tree, from the words of the build.
std::string complaint(const KernelTree& tree, const std::string& output) {
  static const std::regex unsupported("unsupported tree: (.*)");
  static const std::regex error("(\\S*):([0-9]+):[0-9]+: (fatal )?error: (.*)");
  std::istringstream lines(output);
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, match, unsupported)) return match[1];
    if (std::regex_search(line, match, error))
      return fmt::format("{}:{}: does not compile over the shim: {}", match[1].str(),
                         match[2].str(), match[4].str());
  }
  return fmt::format("{}: cannot be built:\n{}", tree.folder.string(), output);
}

}  // namespace

ModuleVariant module_of(const KernelTree& tree) {
  for (const std::string& word : {tree.title, tree.folder.string()})
    if (word.find_first_of("\"\\;$\n") != std::string::npos ||
        word.find("]==]") != std::string::npos)
      throw Failure(fmt::format("{}: cannot be built from a path with such characters", word));
  std::string changed;
  if (!tree.changed.empty()) changed = fmt::format(" [==[{}]==]", tree.changed.string());
  return {fmt::format("iovafuzz_kernel({} [==[{}]==] [==[{}]==]{})", tree.name, tree.title,
                      tree.folder.string(), changed),
          "kernel_module_" + tree.name, build_folder() / "kernels" / tree.name / "kernel.so"};
}

std::string build_name(const KernelTree& tree) { return "kernel-" + tree.name; }

const iova_variant& load_kernel(const KernelTree& tree, bool strict) {
  static std::map<std::pair<std::string, bool>, iova_variant> loaded;
  auto at = loaded.find({tree.name, strict});
  if (at != loaded.end()) return at->second;
  ModuleVariant module = module_of(tree);
  CommandResult built = try_build_modules({module});
  if (built.status) throw Failure(complaint(tree, built.output));
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
    throw Failure(
        fmt::format("{}: uses {}(), which the shim lacks", tree.folder.string(), match[1].str()));
  }
}

}  // namespace tool
