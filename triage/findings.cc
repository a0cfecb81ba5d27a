// SPDX-License-Identifier: GPL-2.0-only
#include "triage/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "fuzz/text.h"
#include "triage/build.h"
#include "triage/commands.h"
#include "triage/files.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

std::string folder_name(const std::string& key) {
  std::string name;
  for (char c : key)
    name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '.';
  return name;
}

std::span<const uint8_t> bytes_of(const std::string& content) {
  return {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
}

std::string commented(const std::string& text) { return "# " + text + "\n"; }

}  // namespace

FindingStore::FindingStore(fs::path out, const TestedVariant& tested, bool use_ledger)
    : folder_(out / "findings"),
      known_folder_(out / "known"),
      tested_(tested),
      use_ledger_(use_ledger) {
  make_folder(folder_);
  write_known();
}

const engine::KnownFinding* FindingStore::known(const std::string& key) const {
  return use_ledger_ ? engine::find_known(key, tested_.variant->name) : nullptr;
}

std::vector<std::string> FindingStore::keys_to_go_past() const {
  std::vector<std::string> keys;
  if (use_ledger_) keys = engine::known_keys(tested_.variant->name);
  for (const StoredFinding& finding : findings_) keys.push_back(finding.key);
  return keys;
}

Outcome FindingStore::replay_past(const std::vector<std::string>& known,
                                  const std::string& content, const fuzz::Target& target) const {
  if (target.reads_text)
    return check_isolated([&] { return fuzz::check_text(bytes_of(content)); }, known);
  return run_isolated(
      *tested_.variant, program::decode(bytes_of(content)),
      {.expected = target.compares ? tested_.expected : nullptr, .known = known});
}

// Something new, if the program shows it anywhere behind what the engine went past; else what this
// campaign has found already; else what the ledger knows.
Outcome FindingStore::replay(const std::string& content, const fuzz::Target& target) const {
  Outcome outcome = replay_past(keys_to_go_past(), content, target);
  if (outcome.kind == Outcome::clean && !outcome.known_met.empty() && use_ledger_)
    outcome = replay_past(engine::known_keys(tested_.variant->name), content, target);
  if (outcome.kind == Outcome::clean && !outcome.known_met.empty())
    outcome = replay_past({}, content, target);
  return outcome;
}

TakenInput FindingStore::take(const fs::path& path, const fuzz::Target& target,
                              uint64_t executions, const std::string& log) {
  std::string content = read_file(path);
  Outcome outcome = replay(content, target);
  std::string key = outcome.key();
  if (key.empty()) key = "unreproduced:" + std::string(target.name);
  if (const engine::KnownFinding* entry = known(key)) {
    make_folder(known_folder_ / entry->id);
    fs::rename(path, known_folder_ / entry->id / path.filename());
    return {nullptr, key};
  }
  auto found = std::find_if(findings_.begin(), findings_.end(),
                            [&](const StoredFinding& finding) { return finding.key == key; });
  bool is_new = found == findings_.end();
  if (is_new) {
    add(key, target, executions, content, outcome, log);
    found = std::prev(findings_.end());
  }
  found->inputs++;
  fs::rename(path, found->folder / path.filename());
  if (is_new) write_known();
  return {is_new ? &*found : nullptr, key};
}

void FindingStore::add(const std::string& key, const fuzz::Target& target, uint64_t executions,
                       const std::string& content, const Outcome& outcome,
                       const std::string& log) {
  fs::path finding_folder = folder_ / folder_name(key);
  fs::path reproducer = finding_folder / (target.reads_text ? "input" : "program.iova");
  std::string past;
  for (const std::string& met : outcome.known_met) past += "--past " + met + " ";
  make_folder(finding_folder);
  std::string command = fmt::format("./iovafuzz replay {}{}", tested_.replay_options, past);
  if (target.compares) command = tested_.compare_command + " ";
  if (target.reads_text)
    command = fmt::format("{}/bin/{}/{} ", build_folder().string(),
                          fuzz::binary_folder(target, ""), target.name);
  std::string replay = command + reproducer.string();
  findings_.push_back(
      {key, target.name, executions, 0, finding_folder, reproducer, replay, outcome});
  std::string text = commented(key);
  if (outcome.report) {
    text += commented(outcome.report->headline);
    for (const std::string& fault : outcome.report->faults)
      text += commented("fault injected: " + fault);
  }
  write_file(reproducer, target.reads_text
                             ? content
                             : text + program::print(program::decode(bytes_of(content))));
  std::string report = outcome.report ? engine::format(*outcome.report) : "";
  write_file(finding_folder / "report.txt",
             fmt::format("{}\nvariant: {}\ntarget: {}\nreplay: {}\n{}\n{}\n", key,
                         tested_.variant->name, target.name, findings_.back().replay, report,
                         outcome.log.empty() ? log : outcome.log));
}

void FindingStore::write_known() const {
  std::string text;
  for (const std::string& key : keys_to_go_past()) text += key + "\n";
  write_file(known_file(), text);
}

}  // namespace triage
