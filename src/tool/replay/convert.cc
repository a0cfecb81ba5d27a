// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/convert.h"

#include <fmt/core.h>

#include <map>

#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/process.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// Writes one result for each file, at the same place below out. Reports files that cannot be
// converted and continues with the others.
int convert_all(const std::vector<FoundFile>& files, const fs::path& out,
                std::string (*converted)(const Input&), const char* extension) {
  make_folder(out);
  std::map<fs::path, fs::path> named;
  for (const FoundFile& file : files) {
    fs::path result = out / file.name;
    // Files with bytes may have any name, with dots in it.
    if (result.extension() == ".iova") result.replace_extension();
    result += extension;
    if (auto [other, fresh] = named.emplace(result, file.path); !fresh)
      throw Failure(fmt::format("{} and {}: their results would have the same name",
                                file.path.string(), other->second.string()));
  }
  int status = nothing_new;
  for (const auto& [result, path] : named) {
    try {
      std::string content = converted(read_input(path));
      make_folder(result.parent_path());
      write_file(result, content);
    } catch (const Failure& failure) {
      fmt::print(stderr, "iovafuzz: {}\n", failure.what());
      status = could_not;
    }
  }
  return status;
}

}  // namespace

int convert(const std::vector<std::string>& paths, const std::string& out,
            std::string (*converted)(const Input&), const char* extension) {
  auto files = find_files(paths);
  if (files.empty()) throw Failure(fmt::format("{}: contains no files", paths[0]));
  if (!out.empty()) return convert_all(files, out, converted, extension);
  if (files.size() > 1) throw Failure("several files need --out FOLDER");
  put(converted(read_input(files[0].path)));
  return nothing_new;
}

}  // namespace tool
