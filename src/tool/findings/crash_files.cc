// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/crash_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "fuzz/targets.h"
#include "tool/replay/input.h"

namespace fs = std::filesystem;

namespace tool {

const fuzz::Target* target_of(const fs::path& path) {
  const fuzz::Target* widest = nullptr;
  for (const fuzz::Target* target : fuzz::targets)
    if (!strcmp(target->name, "iova_domain")) widest = target;
  const fuzz::Target* named = nullptr;
  for (const fs::path& part : path)
    for (const fuzz::Target* target : fuzz::targets) {
      bool longer = !named || strlen(target->name) >= strlen(named->name);
      if (part.string().find(target->name) != std::string::npos && longer) named = target;
    }
  return named ? named : widest;
}

namespace {

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// Reports of honggfuzz: its summary and the log of one crash.
bool is_report_of_honggfuzz(const fs::path& path) {
  std::string name = path.filename().string();
  return name == "HONGGFUZZ.REPORT.TXT" || name.rfind("HF.sanitizer.log", 0) == 0;
}

// Files that people and tools put next to inputs.
bool is_no_input(const fs::path& path) {
  static constexpr const char* extensions[] = {".TXT",     ".txt",    ".json", ".log", ".sarif",
                                               ".dict",    ".casrep", ".c",    ".md",  ".options",
                                               ".partial", ".html",   ".jsonl"};
  std::string name = path.filename().string(), extension = path.extension().string();
  return name.empty() || name[0] == '.' || name.rfind("README", 0) == 0 || name == "lock" ||
         is_report_of_honggfuzz(path) ||
         std::find(std::begin(extensions), std::end(extensions), extension) != std::end(extensions);
}

class Search {
 public:
  explicit Search(std::vector<std::string>& complaints) : complaints_(complaints) {}

  void look_at(const fs::path& path) {
    std::error_code error;
    fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) return look_into(path);
    if (!fs::exists(status) || error)
      return complain(path, error ? error.message() : "No such file or directory");
    if (is_report_of_honggfuzz(path)) return complain(path, "is a honggfuzz report, not an input");
    take(path, status);
  }

  std::vector<CrashFile> found() {
    std::sort(found_.begin(), found_.end(),
              [](const CrashFile& a, const CrashFile& b) { return a.path < b.path; });
    return std::move(found_);
  }

 private:
  void complain(const fs::path& path, const std::string& what) {
    complaints_.push_back(fmt::format("{}: {}", path.string(), what));
  }

  void take(const fs::path& path, const fs::file_status& status) {
    if (!fs::is_regular_file(status)) return complain(path, "is not a regular file");
    std::error_code error;
    uintmax_t size = fs::file_size(path, error);
    if (error) return complain(path, error.message());
    if (size > largest_input)
      return complain(path, fmt::format("is too large for a fuzz input: {} bytes", size));
    found_.push_back({path, target_of(path)});
  }

  void look_into(const fs::path& folder) {
    bool of_aflpp = is_there(folder / "fuzzer_stats") ||
                    (is_there(folder / "queue") && is_there(folder / "crashes"));
    bool of_campaign = is_there(folder / "crashes") && is_there(folder / "findings");
    std::error_code error;
    std::vector<fs::path> inside;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      inside.push_back(at->path());
    if (error) complain(folder, error.message());
    std::sort(inside.begin(), inside.end());
    for (const fs::path& path : inside) {
      std::string name = path.filename().string();
      // Inputs in corpora and queues show nothing new: their engine has reported all findings.
      bool has_crashes = name.rfind("crashes", 0) == 0 || name.rfind("hangs", 0) == 0;
      if (of_aflpp && !has_crashes) continue;
      if (!of_aflpp && of_campaign && !has_crashes && name != "findings" && name != "known")
        continue;
      std::error_code ignored;
      if (fs::is_directory(fs::symlink_status(path, ignored))) {
        look_into(path);
      } else if (!is_no_input(path)) {
        fs::file_status status = fs::status(path, ignored);
        if (fs::is_directory(status)) continue;  // a link to a folder
        if (ignored || !fs::exists(status))
          complain(path, ignored ? ignored.message() : "is a broken link");
        else
          take(path, status);
      }
    }
  }

  std::vector<std::string>& complaints_;
  std::vector<CrashFile> found_;
};

}  // namespace

std::vector<CrashFile> find_crash_files(const std::vector<std::string>& paths,
                                        std::vector<std::string>& complaints) {
  Search search(complaints);
  for (const std::string& path : paths) search.look_at(path);
  return search.found();
}

}  // namespace tool
