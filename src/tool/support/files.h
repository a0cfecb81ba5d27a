// SPDX-License-Identifier: GPL-2.0-only
// Files and folders. Errors throw Failure, one sentence with the path.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

// A file that was found in a given folder, or that was given itself.
struct FoundFile {
  std::filesystem::path path;
  std::filesystem::path name;  // relative to the given folder
};

// The files of each path in turn, sorted by name within a folder. Within folders, hidden files and
// whatever is no regular file are skipped. Throws Failure.
std::vector<FoundFile> find_files(const std::vector<std::string>& paths);

// The paths of those files. Throws Failure for a folder that holds none, too.
std::vector<std::filesystem::path> expand(const std::vector<std::string>& paths);

std::string read_file(const std::filesystem::path& path);
// Writes the whole file or nothing: writes "NAME.partial", then renames it.
void write_file(const std::filesystem::path& path, std::string_view content);
// Whether the name is that of a file being written. A killed process may leave it incomplete.
bool is_partial(const std::filesystem::path& path);
void make_folder(const std::filesystem::path& path);
// Without "." and ".."; the path need not exist.
std::filesystem::path absolute_path(const std::filesystem::path& path);
// Likewise for a folder, without a trailing slash, so that the path has a filename.
std::filesystem::path named_path(const std::filesystem::path& folder);

// A new temporary folder; the destructor removes it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  // Returns the path of the new file.
  std::string write(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace tool
