// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/module.h"

#include <dlfcn.h>

#include <chrono>
#include <regex>
#include <set>
#include <sstream>

#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// "iovafuzz_kernel(debian-6.12" of a call: the function and the variant's name.
std::string head(const std::string& call) { return call.substr(0, call.find_first_of(" )")); }
std::string name_in(const std::string& call) {
  std::string words = head(call);
  return words.substr(words.find('(') + 1);
}

// Its time is that of the variant's last use.
fs::path stamp_of(const std::string& name) { return build_folder() / "used" / name; }

// A kernel tree that is gone, or a variant that nobody has asked for in a month.
bool is_stale(const std::string& call) {
  static const std::regex kernel(
      "iovafuzz_kernel\\((\\S+) \\[==\\[.*?\\]==\\] \\[==\\[(.*?)\\]==\\].*");
  constexpr auto long_time = std::chrono::hours(24 * 30);
  std::smatch match;
  if (std::regex_match(call, match, kernel) && !fs::exists(match[2].str())) return true;
  std::error_code none;
  auto used = fs::last_write_time(stamp_of(name_in(call)), none);
  return !none && fs::file_time_type::clock::now() - used > long_time;
}

// What was built of it.
void remove_built(const std::string& call) {
  std::string name = name_in(call);
  for (const fs::path& folder : {fs::path("kernels") / name, fs::path("ports") / name,
                                 fs::path("bin") / name, "bin" / fs::path("kernel-" + name)})
    fs::remove_all(build_folder() / folder);
  fs::remove(stamp_of(name));
}

void add_to_list(const std::vector<ModuleVariant>& variants) {
  fs::path path = build_folder() / "variants.cmake";
  std::string before = fs::exists(path) ? read_file(path) : "", after;
  std::set<std::string> calls, heads;
  make_folder(build_folder() / "used");
  for (const ModuleVariant& variant : variants) {
    if (variant.call.empty()) continue;
    calls.insert(variant.call);
    heads.insert(head(variant.call));
    write_file(stamp_of(name_in(variant.call)), "");
  }
  std::istringstream lines(before);
  for (std::string line; std::getline(lines, line);) {
    bool is_wanted = calls.erase(line), is_replaced = heads.contains(head(line));
    if (is_wanted || (!is_replaced && !is_stale(line)))
      after += line + "\n";
    else if (!is_replaced)
      remove_built(line);
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
