// SPDX-License-Identifier: GPL-2.0-only
#include "triage/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "triage/commands.h"
#include "triage/input.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

std::string folder_name(const std::string& key) {
  std::string name;
  for (char c : key)
    name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '.';
  return name;
}

std::string commented(const std::string& text) { return "# " + text + "\n"; }

}  // namespace

FindingStore::FindingStore(fs::path folder, const iova_variant& variant,
                           std::string replay_options)
    : folder_(std::move(folder)), variant_(variant), replay_options_(std::move(replay_options)) {
  make_folder(folder_);
  write_known();
}

const StoredFinding* FindingStore::take(const fs::path& path, const std::string& target,
                                        uint64_t executions, const std::string& log) {
  std::string content = read_file(path);
  program::Program program = program::decode(
      {reinterpret_cast<const uint8_t*>(content.data()), content.size()});
  Outcome outcome = run_isolated(variant_, program);
  std::string key = outcome.key().empty() ? "unreproduced:" + target : outcome.key();
  auto known = std::find_if(findings_.begin(), findings_.end(),
                            [&](const StoredFinding& finding) { return finding.key == key; });
  bool is_new = known == findings_.end();
  if (is_new) {
    fs::path finding_folder = folder_ / folder_name(key);
    fs::path reproducer = finding_folder / "program.iova";
    findings_.push_back(
        {key, target, executions, 0, finding_folder, reproducer,
         fmt::format("./iovafuzz replay {}{}", replay_options_, reproducer.string()), outcome});
    known = std::prev(findings_.end());
    make_folder(known->folder);
    std::string text = commented(key);
    if (outcome.report) text += commented(outcome.report->headline);
    if (outcome.report)
      for (const std::string& fault : outcome.report->faults)
        text += commented("fault injected: " + fault);
    write_file(known->reproducer, text + program::print(program));
    std::string report = outcome.report ? engine::format(*outcome.report) : "";
    write_file(known->folder / "report.txt",
               fmt::format("{}\nvariant: {}\ntarget: {}\nreplay: {}\n{}\n{}\n", key, variant_.name,
                           target, known->replay, report,
                           outcome.log.empty() ? log : outcome.log));
  }
  known->inputs++;
  fs::rename(path, known->folder / path.filename());
  if (is_new) write_known();
  return is_new ? &*known : nullptr;
}

void FindingStore::write_known() const {
  std::string text;
  for (const StoredFinding& finding : findings_) text += finding.key + "\n";
  write_file(known_file(), text);
}

}  // namespace triage
