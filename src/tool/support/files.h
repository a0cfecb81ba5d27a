// SPDX-License-Identifier: GPL-2.0-only
// Files and folders. What can't be done with them throws Failure, one sentence with the path.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

// A file in a folder that was given, or one that was given itself.
struct FoundFile {
  std::filesystem::path path;
  std::filesystem::path name;  // below the folder
};

// In order of name, folder by folder. What is hidden is none, nor is what is no regular file.
// Throws Failure.
std::vector<FoundFile> find_files(const std::vector<std::string>& paths);

// Their paths. A folder that holds none is a mistake, too.
std::vector<std::filesystem::path> expand(const std::vector<std::string>& paths);

std::string read_file(const std::filesystem::path& path);
// Whole or not at all: written beside and renamed.
void write_file(const std::filesystem::path& path, std::string_view content);
// The name of a file that is being written: a killed process may have left anything there.
bool is_partial(const std::filesystem::path& path);
void make_folder(const std::filesystem::path& path);
// Without "." and "..", whether it is there or not.
std::filesystem::path absolute_path(const std::filesystem::path& path);
// The same of a folder, without a slash at its end, so that it has a name.
std::filesystem::path named_path(const std::filesystem::path& folder);

// A folder of its own, gone with it.
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
