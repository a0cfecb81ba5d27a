// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/module.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>

#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/process.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr const char measured[] = "IOVAFUZZ_MEASURED";

// The head of a call, "iovafuzz_kernel(debian-6.12": the function and the variant's name.
std::string head(const std::string& call) { return call.substr(0, call.find_first_of(" )")); }
std::string name_in(const std::string& call) {
  std::string words = head(call);
  return words.substr(words.find('(') + 1);
}

// A file whose time is that of the variant's last use. Each process that uses the variant holds a
// shared lock on it.
fs::path stamp_of(const std::string& name) { return build_folder() / "used" / name; }

void use(const std::string& name) {
  static std::map<std::string, std::unique_ptr<FileLock>> used;
  const fs::path stamp = stamp_of(name);
  std::error_code error;
  fs::last_write_time(stamp, fs::file_time_type::clock::now(), error);
  // The stamp is missing or belongs to another user. It must not be replaced while others hold a
  // lock on it.
  if (error && !FileLock::is_in_use(stamp)) {
    write_file(stamp, "");
    used.erase(name);
  }
  if (!used.contains(name)) used[name] = FileLock::share(stamp);
}

// A tree whose folder is not accessible or does not respond counts as present.
bool is_gone(const fs::path& tree) {
  std::error_code none;
  return fs::status(tree, none).type() == fs::file_type::not_found;
}

// Whether a variant can be removed: its kernel tree is gone, or it was not used for a month. A
// variant in use is kept, for campaigns that take months.
bool is_stale(const std::string& call) {
  if (FileLock::is_in_use(stamp_of(name_in(call)))) return false;
  static const std::regex kernel(
      "iovafuzz_kernel\\((\\S+) \\[==\\[.*?\\]==\\] \\[==\\[(.*?)\\]==\\].*");
  constexpr auto long_time = std::chrono::hours(24 * 30);
  std::smatch match;
  if (std::regex_match(call, match, kernel) && is_gone(match[2].str())) return true;
  std::error_code none;
  auto used = fs::last_write_time(stamp_of(name_in(call)), none);
  return !none && fs::file_time_type::clock::now() - used > long_time;
}

// Removes all that was built for the variant.
void remove_built(const std::string& call) {
  std::string name = name_in(call);
  for (const fs::path& folder : {fs::path("kernels") / name, fs::path("ports") / name,
                                 fs::path("bin") / name, "bin" / fs::path("kernel-" + name)})
    fs::remove_all(build_folder() / folder);
  fs::remove(stamp_of(name));
}

// Adds the calls to variants.cmake. Calls with the same head but other arguments are replaced.
void add_to_list(std::set<std::string> calls) {
  fs::path path = build_folder() / "variants.cmake";
  std::string before = fs::exists(path) ? read_file(path) : "", after;
  std::set<std::string> heads;
  make_folder(build_folder() / "used");
  for (const std::string& call : calls) {
    heads.insert(head(call));
    use(name_in(call));
  }
  std::set<std::string> gone;  // calls for targets of removed variants
  std::istringstream lines(before);
  for (std::string line; std::getline(lines, line);) {
    bool is_wanted = calls.erase(line), is_replaced = heads.contains(head(line));
    if (is_wanted || (!is_replaced && !is_stale(line) && !gone.contains(line))) {
      after += line + "\n";
    } else if (!is_replaced) {
      remove_built(line);
      gone.insert(fmt::format("iovafuzz_fuzzed(kernel-{})", name_in(line)));
    }
  }
  for (const std::string& call : calls) after += call + "\n";
  if (after != before) write_file(path, after);  // every change reconfigures the build
}

}  // namespace

ModuleVariant made_module(std::string call, const std::string& what, const std::string& name) {
  const bool is_measured = getenv(measured);
  return {std::move(call),
          fmt::format("{}{}_module_{}", is_measured ? "measured_" : "", what, name),
          build_folder() / (what + "s") / name / ((is_measured ? "measured" : what) + ".so")};
}

void measure_modules(bool measure) {
  if (measure)
    setenv(measured, "1", 1);
  else
    unsetenv(measured);
}

CommandResult try_build_modules(const std::vector<ModuleVariant>& variants) {
  std::vector<std::string> targets;
  std::set<std::string> calls;
  for (const ModuleVariant& variant : variants) {
    targets.push_back(variant.target);
    if (!variant.call.empty()) calls.insert(variant.call);
  }
  return try_build(targets, [&] { add_to_list(calls); });
}

fs::path build_binaries(const std::vector<Binary>& binaries, Engine engine,
                        const std::string& sanitizers) {
  std::vector<std::string> targets;
  std::set<std::string> calls;
  for (const Binary& binary : binaries) {
    std::string folder = fuzz::binary_folder(*binary.target, binary.variant.c_str());
    targets.push_back(fmt::format("{}-{}", binary.target->name, folder));
    bool is_in_each_build = folder.find_first_of("+-") == folder.npos;
    if (!is_in_each_build) calls.insert(fmt::format("iovafuzz_fuzzed({})", folder));
    // A module has many defects, a target only one.
    if (size_t at = folder.find('+'); at != folder.npos) {
      std::string flag = folder.substr(at + 1);
      std::replace(flag.begin(), flag.end(), '-', '_');
      calls.insert(fmt::format("iovafuzz_port({} {} {})", folder, folder.substr(0, at), flag));
    }
  }
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  return build_targets(engine, sanitizers, targets, [&] { add_to_list(calls); });
}

const void* load_module(const ModuleVariant& variant, const char* symbol) {
  void* library = dlopen(variant.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  const void* address = library ? dlsym(library, symbol) : nullptr;
  if (!address) throw Failure(dlerror());
  return address;
}

}  // namespace tool
