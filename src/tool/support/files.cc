// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "tool/support/failure.h"

namespace fs = std::filesystem;

namespace tool {

std::string read_file(const fs::path& path) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) throw Failure(fmt::format("{}: is a folder", path.string()));
  // A read of a pipe or a device may block or never end.
  if (!error && fs::exists(status) && !fs::is_regular_file(status))
    throw Failure(fmt::format("{}: is not a regular file", path.string()));
  FILE* file = fopen(path.c_str(), "rb");
  if (!file) throw Failure(fmt::format("{}: {}", path.string(), strerror(errno)));
  std::string content;
  char bytes[65536];
  size_t n;
  while ((n = fread(bytes, 1, sizeof bytes, file)) > 0) content.append(bytes, n);
  bool failed = ferror(file);
  fclose(file);
  if (failed) throw Failure(fmt::format("{}: cannot be read completely", path.string()));
  return content;
}

bool is_partial(const fs::path& path) { return path.extension() == ".partial"; }

void write_file(const fs::path& path, std::string_view content) {
  fs::path partial = path;
  partial += ".partial";
  std::ofstream file(partial, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  std::error_code error;
  if (file) fs::rename(partial, path, error);
  if (!file || error) throw Failure(fmt::format("{}: cannot be written", path.string()));
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Failure(fmt::format("{}: {}", path.string(), error.message()));
}

fs::path absolute_path(const fs::path& path) {
  const fs::path whole = fs::absolute(path);
  std::error_code error;
  // After a symbolic link, ".." is not the folder that is named before it. Other links keep their
  // names.
  const bool goes_up = std::find(whole.begin(), whole.end(), "..") != whole.end();
  const fs::path where = goes_up ? fs::weakly_canonical(whole, error) : fs::path();
  return where.empty() || error ? whole.lexically_normal() : where;
}

fs::path named_path(const fs::path& folder) {
  fs::path whole = absolute_path(folder);
  return whole.has_filename() ? whole : whole.parent_path();
}

std::vector<FoundFile> find_files(const std::vector<std::string>& paths) {
  std::vector<FoundFile> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back({path, fs::path(path).filename()});
      continue;
    }
    std::vector<FoundFile> inside;
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
      std::error_code none;
      bool hidden = at->path().filename().string()[0] == '.';
      if (hidden && at->is_directory(none)) at.disable_recursion_pending();
      if (!hidden && at->is_regular_file(none))
        inside.push_back({at->path(), at->path().lexically_relative(path)});
    }
    if (error) throw Failure(fmt::format("{}: {}", path, error.message()));
    std::sort(inside.begin(), inside.end(),
              [](const FoundFile& a, const FoundFile& b) { return a.name < b.name; });
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

std::vector<fs::path> expand(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    const std::vector<FoundFile> found = find_files({path});
    if (found.empty()) throw Failure(fmt::format("{}: contains no files", path));
    for (const FoundFile& file : found) files.push_back(file.path);
  }
  return files;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "iovafuzz-XXXXXX").string();
  if (!mkdtemp(name.data())) throw Failure(fmt::format("{}: {}", name, strerror(errno)));
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, std::string_view content) const {
  write_file(path_ / name, content);
  return (path_ / name).string();
}

}  // namespace tool
