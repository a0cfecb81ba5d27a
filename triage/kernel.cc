// SPDX-License-Identifier: GPL-2.0-only
#include "triage/kernel.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <map>
#include <regex>
#include <sstream>

#include "kernel/kernel_variant.h"
#include "triage/build.h"
#include "triage/commands.h"
#include "triage/input.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

// The list is CMake code: iovafuzz_kernel(name title tree), a line each.
std::string list_row(const KernelTree& tree) {
  for (const std::string& word : {tree.title, tree.folder.string()})
    if (word.find_first_of("\"\\;$\n") != std::string::npos ||
        word.find("]==]") != std::string::npos)
      throw Failure(fmt::format("{}: cannot be built from a path with such characters", word));
  return fmt::format("iovafuzz_kernel({} [==[{}]==] [==[{}]==])\n", tree.name, tree.title,
                     tree.folder.string());
}

// Trees that are gone are dropped with all that was built of them.
void add_to_list(const KernelTree& tree) {
  fs::path path = build_folder() / "kernels.cmake";
  std::string before = fs::exists(path) ? read_file(path) : "", after;
  std::istringstream lines(before);
  for (std::string line; std::getline(lines, line);) {
    static const std::regex row("iovafuzz_kernel\\((\\S+) .*\\[==\\[(.*)\\]==\\]\\)");
    std::smatch match;
    if (!std::regex_match(line, match, row) || match[1] == tree.name) continue;
    if (fs::exists(match[2].str())) {
      after += line + "\n";
      continue;
    }
    fs::remove_all(build_folder() / "kernels" / match[1].str());
    fs::remove_all(build_folder() / "bin" / ("kernel-" + match[1].str()));
  }
  after += list_row(tree);
  if (after != before) write_file(path, after);
}

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

std::string build_name(const KernelTree& tree) { return "kernel-" + tree.name; }

const iova_variant& load_kernel(const KernelTree& tree) {
  static std::map<std::string, const iova_variant*> loaded;
  const iova_variant*& variant = loaded[tree.name];
  if (variant) return *variant;
  CommandResult built = try_build({"kernel_module_" + tree.name}, [&] { add_to_list(tree); });
  if (built.status) throw Failure(complaint(tree, built.output));
  std::string file = (build_folder() / "kernels" / tree.name / "kernel.so").string();
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    static const std::regex undefined("undefined symbol: (\\w+)");
    std::string error = dlerror();
    std::smatch match;
    if (std::regex_search(error, match, undefined))
      throw Failure(fmt::format("{}: uses {}(), which the shim lacks", tree.folder.string(),
                                match[1].str()));
    throw Failure(error);
  }
  variant = static_cast<const iova_variant*>(dlsym(library, KERNEL_VARIANT_SYMBOL));
  if (!variant) throw Failure(dlerror());
  return *variant;
}

}  // namespace triage
