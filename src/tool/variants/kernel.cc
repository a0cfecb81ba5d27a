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

// What is wrong with a line of the tree, from the words of either compiler.
std::string in_our_words(const std::string& error) {
  struct Form {
    std::regex words;
    const char* meaning;
  };
  static const std::string name = "['\u2018]([^'\u2019]+)['\u2019]";
  static const Form forms[] = {
      {std::regex("'([^']+\\.h)' file not found"), "includes {}, which the shim lacks"},
      {std::regex("([^ ]+\\.h): No such file"), "includes {}, which the shim lacks"},
      {std::regex("implicit declaration of function " + name), "uses {}(), which the shim lacks"},
      {std::regex("call to undeclared function " + name), "uses {}(), which the shim lacks"},
      {std::regex("use of undeclared identifier " + name), "uses {}, which the shim lacks"},
      {std::regex(name + " undeclared"), "uses {}, which the shim lacks"},
      {std::regex("unknown type name " + name), "uses the type {}, which the shim lacks"},
      {std::regex("incomplete (?:definition of )?type " + name), "uses {}, which the shim lacks"},
      {std::regex("(?:redefinition of|conflicting types for) " + name),
       "declares {} otherwise than a header does"},
  };
  std::smatch match;
  for (const Form& form : forms)
    if (std::regex_search(error, match, form.words))
      return fmt::format(fmt::runtime(form.meaning), match[1].str());
  return "does not compile over the shim: " + error;
}

// The same where a line of ours does not compile: the tree's own declarations are otherwise.
std::string in_our_words(const KernelTree& tree, const std::string& error,
                         const std::string& notes) {
  static const std::regex member("no member named '(\\w+)' in '([\\w ]+)'|"
                                 "\u2018?([\\w ]+)\u2019? has no member named \u2018(\\w+)\u2019");
  static const std::regex declared("(\\S+):([0-9]+):[0-9]+: note: (?:'(\\w+)' )?declared here");
  std::string header = (tree.folder / "include/linux/iova.h").string();
  std::smatch match;
  if (std::regex_search(error, match, member))
    return match[1].matched
               ? fmt::format("{}: {} has no {}", header, match[2].str(), match[1].str())
               : fmt::format("{}: {} has no {}", header, match[3].str(), match[4].str());
  if (std::regex_search(notes, match, declared))
    return fmt::format("{}:{}: {} is declared in a way that no known kernel has: {}",
                       match[1].str(), match[2].str(),
                       match[3].matched ? match[3].str() : "what stands there", error);
  return fmt::format("{}: {}", header, in_our_words(error));
}

// What is wrong with the tree, from the words of the build.
std::string complaint(const KernelTree& tree, const std::string& output) {
  static const std::regex unsupported("unsupported tree: (.*)");
  static const std::regex error("(\\S*):([0-9]+):[0-9]+: (?:fatal )?error: (.*)");
  std::istringstream lines(output);
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, match, unsupported)) return match[1];
    if (!std::regex_search(line, match, error)) continue;
    std::string file = match[1], number = match[2], words = match[3];
    if (file.find("src/kernel/") == std::string::npos)
      return fmt::format("{}:{}: {}", file, number, in_our_words(words));
    std::string notes;
    while (std::getline(lines, line) && !std::regex_search(line, error)) notes += line + "\n";
    return in_our_words(tree, words, notes);
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
