// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/module.h"

#include <dlfcn.h>

#include <regex>
#include <set>
#include <sstream>

#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// "iovafuzz_kernel(debian-6.12" of a call: the function and the variant's name.
std::string head(const std::string& call) { return call.substr(0, call.find(' ')); }

// Of a kernel tree that is gone: what was built of it goes, too.
bool is_gone(const std::string& call) {
  static const std::regex kernel(
      "iovafuzz_kernel\\((\\S+) \\[==\\[.*?\\]==\\] \\[==\\[(.*?)\\]==\\].*");
  std::smatch match;
  if (!std::regex_match(call, match, kernel) || fs::exists(match[2].str())) return false;
  fs::remove_all(build_folder() / "kernels" / match[1].str());
  fs::remove_all(build_folder() / "bin" / ("kernel-" + match[1].str()));
  return true;
}

void add_to_list(const std::vector<ModuleVariant>& variants) {
  fs::path path = build_folder() / "variants.cmake";
  std::string before = fs::exists(path) ? read_file(path) : "", after;
  std::set<std::string> calls, heads;
  for (const ModuleVariant& variant : variants) {
    if (variant.call.empty()) continue;
    calls.insert(variant.call);
    heads.insert(head(variant.call));
  }
  std::istringstream lines(before);
  for (std::string line; std::getline(lines, line);) {
    bool is_wanted = calls.erase(line);
    if (is_wanted || (!heads.contains(head(line)) && !is_gone(line))) after += line + "\n";
  }
  for (const std::string& call : calls) after += call + "\n";
  if (after != before) write_file(path, after);  // each change configures the build anew
}

}  // namespace

CommandResult try_build_modules(const std::vector<ModuleVariant>& variants) {
  std::vector<std::string> targets;
  for (const ModuleVariant& variant : variants) targets.push_back(variant.target);
  return try_build(targets, [&] { add_to_list(variants); });
}

const void* load_module(const ModuleVariant& variant, const char* symbol) {
  void* library = dlopen(variant.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  const void* address = library ? dlsym(library, symbol) : nullptr;
  if (!address) throw Failure(dlerror());
  return address;
}

}  // namespace tool
