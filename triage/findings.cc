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

// Something new, if the program shows it anywhere behind what the engine went past; else what this
// campaign has found already; else what the ledger knows.
Outcome FindingStore::replay(const program::Program& program, const fuzz::Target& target) const {
  IsolateOptions options{.expected = target.compares ? tested_.expected : nullptr,
                         .known = keys_to_go_past()};
  Outcome outcome = run_isolated(*tested_.variant, program, options);
  if (outcome.kind == Outcome::clean && !outcome.known_met.empty() && use_ledger_) {
    options.known = engine::known_keys(tested_.variant->name);
    outcome = run_isolated(*tested_.variant, program, options);
  }
  if (outcome.kind == Outcome::clean && !outcome.known_met.empty()) {
    options.known.clear();
    outcome = run_isolated(*tested_.variant, program, options);
  }
  return outcome;
}

TakenInput FindingStore::take(const fs::path& path, const fuzz::Target& target,
                              uint64_t executions, const std::string& log) {
  std::string content = read_file(path);
  program::Program program = program::decode(
      {reinterpret_cast<const uint8_t*>(content.data()), content.size()});
  Outcome outcome = replay(program, target);
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
    add(key, target, executions, program, outcome, log);
    found = std::prev(findings_.end());
  }
  found->inputs++;
  fs::rename(path, found->folder / path.filename());
  if (is_new) write_known();
  return {is_new ? &*found : nullptr, key};
}

void FindingStore::add(const std::string& key, const fuzz::Target& target, uint64_t executions,
                       const program::Program& program, const Outcome& outcome,
                       const std::string& log) {
  fs::path finding_folder = folder_ / folder_name(key);
  fs::path reproducer = finding_folder / "program.iova";
  std::string past;
  for (const std::string& met : outcome.known_met) past += "--past " + met + " ";
  make_folder(finding_folder);
  std::string replay = target.compares
                           ? tested_.compare_command + " " + reproducer.string()
                           : fmt::format("./iovafuzz replay {}{}{}", tested_.replay_options, past,
                                         reproducer.string());
  findings_.push_back(
      {key, target.name, executions, 0, finding_folder, reproducer, replay, outcome});
  std::string text = commented(key);
  if (outcome.report) {
    text += commented(outcome.report->headline);
    for (const std::string& fault : outcome.report->faults)
      text += commented("fault injected: " + fault);
  }
  write_file(reproducer, text + program::print(program));
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
