// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/findings.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "engine/oracles.h"
#include "fuzz/targets.h"
#include "tool/findings/c_source.h"
#include "tool/replay/issues.h"
#include "tool/replay/minimizer.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/interrupt.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/report_json.h"
#include "tool/support/report_text.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;
namespace tool {
namespace {

std::string folder_name(const std::string& key) {
  std::string name;
  for (char c : key)
    name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '.';
  return name;
}

std::string commented(const std::string& text) { return "# " + text + "\n"; }

constexpr char report_json[] = "report.json", confirm_json[] = "confirm.json";
constexpr char findings_folder[] = "findings", differences_folder[] = "differences";

json to_json(const StoredFinding& finding, const std::string& variant) {
  json report = facts_of(finding);
  report.update({{"variant", variant},
                 {"target", finding.target},
                 {"executions", finding.executions},
                 {"reproducer", finding.reproducer.filename().string()},
                 {"replay", finding.replay}});
  if (finding.outcome.report) report["report"] = tool::to_json(*finding.outcome.report);
  return report;
}

bool stands_for_its_oracle(const StoredFinding& finding) {
  return finding.is_difference && engine::stands_for_its_oracle(finding.key);
}

// Partial files of a killed process do not count.
size_t count_inputs(const fs::path& folder) {
  std::error_code ignored;
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder / "inputs", ignored))
    count += !is_partial(entry.path());
  return count;
}

StoredFinding from_json(const json& report, const fs::path& folder) {
  StoredFinding finding;
  finding.key = report["key"];
  for (Standing standing : {Standing::is_new, Standing::came_back, Standing::is_known})
    if (report["standing"] == name(standing)) finding.standing = standing;
  finding.target = report["target"];
  finding.executions = report["executions"];
  finding.shown = report["shown"];
  finding.runs = report["runs"];
  finding.is_minimal = report["minimal"];
  finding.needed = report["needed"].get<std::vector<std::string>>();
  finding.operands = report["operands"];
  finding.also = report["also"].get<std::vector<std::string>>();
  finding.folder = folder;
  finding.reproducer = folder / report["reproducer"].get<std::string>();
  finding.replay = report["replay"];
  if (report.contains("report")) {
    finding.outcome.kind = Outcome::finding;
    finding.outcome.report = report_from_json(report["report"]);
  } else {
    finding.outcome.kind = finding.key == "timeout" ? Outcome::timeout : Outcome::crash;
  }
  finding.inputs = count_inputs(folder);
  return finding;
}

}  // namespace

json facts_of(const StoredFinding& finding) {
  return {{"key", finding.key},
          {"standing", name(finding.standing)},
          {"severity", shim::name(severity_of(finding.outcome))},
          {"shown", finding.shown},
          {"runs", finding.runs},
          {"minimal", finding.is_minimal},
          {"needed", finding.needed},
          {"operands", finding.operands},
          {"also", finding.also}};
}

FindingStore::FindingStore(fs::path out, const TestedVariant& tested, const StoreOptions& options)
    : folder_(absolute_path(out) / findings_folder),
      differences_(folder_.parent_path() / differences_folder), tested_(tested), options_(options),
      judge_(tested, options.use_ledger, options.forgotten, options.timeout_ms, options.past) {
  make_folder(folder_);
  write_known();
}

std::vector<std::pair<StoredFinding, std::string>> stored_findings(const fs::path& out) {
  std::vector<fs::path> folders;
  std::error_code none;
  for (const char* all : {findings_folder, differences_folder})
    for (const auto& entry : fs::directory_iterator(out / all, none))
      folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  std::vector<std::pair<StoredFinding, std::string>> stored;
  for (const fs::path& folder : folders) {
    std::error_code error;
    if (!fs::is_regular_file(folder / report_json, error)) continue;
    try {
      json report = parse_json(read_file(folder / report_json));
      stored.emplace_back(from_json(report, folder), report["variant"]);
      stored.back().first.is_difference = folder.parent_path().filename() == differences_folder;
    } catch (const json::exception&) {
      throw Failure(fmt::format("{}: is damaged or was not written by iovafuzz",
                                (folder / report_json).string()));
    }
  }
  return stored;
}

void leave_beside_finding(const fs::path& file, const json& confirmation) {
  std::error_code none;
  const fs::path folder = fs::absolute(file).parent_path();
  if (fs::is_regular_file(folder / report_json, none))
    write_file(folder / confirm_json, to_text(confirmation));
}

json confirmation_of(const StoredFinding& finding) {
  std::error_code none;
  const fs::path file = finding.folder / confirm_json;
  json confirmation = fs::is_regular_file(file, none) ? try_parse_json(read_file(file)) : json();
  return confirmation.is_object() ? confirmation : json();
}

void FindingStore::load() {
  for (auto& [finding, variant] : stored_findings(folder_.parent_path()))
    findings_.push_back(std::move(finding));
  write_known();
}

std::vector<std::string> FindingStore::load_what_shows() {
  std::vector<std::string> gone;
  for (auto& [finding, variant] : stored_findings(folder_.parent_path())) {
    if (is_of_others(finding.key)) continue;
    const fuzz::Target* target = nullptr;
    for (const fuzz::Target* candidate : fuzz::targets)
      if (finding.target == candidate->name) target = candidate;
    if (!target || (target->compares && !tested_.expected)) continue;
    Input input = read_crash(finding.reproducer);
    Outcome outcome = judge_.replay(input, *target, found_keys());
    if (outcome.key() != finding.key) {
      gone.push_back(finding.key);
      continue;
    }
    if (variant == tested_.variant->name) {
      finding.outcome = std::move(outcome);
      finding.is_difference = is_difference(finding.key);
      bool is_large = !finding.is_minimal && !target->reads_text && options_.minimize_executions;
      if (is_large && options_.minimize_beside) large_.push_back({finding.key, input, target});
      findings_.push_back(std::move(finding));
    } else if (!take(input, *target, 0, "").new_finding) {
      continue;
    }
    findings_.back().is_earlier = true;
  }
  write_known();
  return gone;
}

const engine::KnownFinding* FindingStore::known(const std::string& key) const {
  return judge_.known(key);
}

bool FindingStore::is_past(const std::string& key) const { return judge_.is_past(key); }

bool FindingStore::is_of_others(const std::string& key) const { return known(key) || is_past(key); }

bool FindingStore::is_difference(const std::string& key) const {
  return !tested_.variant->strict && engine::is_difference(key);
}

fs::path FindingStore::folder_of(const std::string& key) const {
  return (is_difference(key) ? differences_ : folder_) / folder_name(key);
}

std::vector<std::string> FindingStore::found_keys() const {
  std::vector<std::string> keys;
  for (const StoredFinding& finding : findings_)
    keys.emplace_back(stands_for_its_oracle(finding) ? engine::oracle_of(finding.key)
                                                     : std::string_view(finding.key));
  keys.insert(keys.end(), other_names_.begin(), other_names_.end());
  return keys;
}

StoredFinding* FindingStore::find(const std::string& key) {
  auto found = std::find_if(findings_.begin(), findings_.end(),
                            [&](const StoredFinding& finding) { return finding.key == key; });
  return found == findings_.end() ? nullptr : &*found;
}

TakenInput FindingStore::take(const Input& input, const fuzz::Target& target, uint64_t executions,
                              const std::string& log, bool must_show) {
  // Each iteration adds one key to other_names_, until the replay gives a stable key.
  while (true) {
    size_t names = other_names_.size();
    TakenInput taken = take_once(input, target, executions, log, must_show);
    if (taken.new_finding || other_names_.size() == names) return taken;
  }
}

TakenInput FindingStore::take_once(const Input& input, const fuzz::Target& target,
                                   uint64_t executions, const std::string& log, bool must_show) {
  Outcome outcome = judge_.replay(input, target, found_keys());
  std::string key = outcome.key();
  if (key.empty() && must_show) return {nullptr, ""};
  if (key.empty()) key = fmt::format("unreproduced:{}", target.name);
  bool is_ours = options_.keep_known ? !outcome.key().empty() : !is_of_others(key);
  if (!is_ours || (!find(key) && other_names_.contains(key))) return {nullptr, key};
  StoredFinding* found = find(key);
  bool is_new = !found;
  if (is_new) {
    program::Program smallest = input.program;
    StoredFinding finding = make(key, input, target, std::move(outcome), &smallest);
    finding.executions = executions;
    if (options_.whole && interrupted()) return {nullptr, key};
    // Minimization may have changed the key to that of another finding.
    if (finding.key != key && (is_of_others(finding.key) || find(finding.key))) {
      other_names_.insert(key);
      write_known();
    }
    if (!options_.keep_known && is_of_others(finding.key)) return {nullptr, finding.key};
    found = find(finding.key);
    is_new = !found;
    if (is_new) {
      write(finding, input, target, smallest);
      findings_.push_back(std::move(finding));
      found = &findings_.back();
    }
  }
  add_input(*found, input);
  if (is_new) {
    found->inputs = count_inputs(found->folder);  // may contain inputs of a killed process
    write_report(*found, log);
    write_known();
  }
  return {is_new ? found : nullptr, found->key};
}

void FindingStore::leave_to_others(const std::set<std::string>& keys) {
  const size_t names = other_names_.size();
  for (const std::string& key : keys)
    if (!find(key)) other_names_.insert(key);
  if (other_names_.size() != names) write_known();
}

bool FindingStore::take_found(const Input& input, const std::string& key) {
  StoredFinding* found = find(key);
  if (found) add_input(*found, input);
  return found || other_names_.contains(key) ||
         std::any_of(findings_.begin(), findings_.end(), [&](const StoredFinding& finding) {
           return stands_for_its_oracle(finding) &&
                  engine::oracle_of(key) == engine::oracle_of(finding.key);
         });
}

void FindingStore::add_input(StoredFinding& finding, const Input& input) {
  fs::path copy = finding.folder / "inputs" / content_hash(input.content);
  if (input.is_text) copy += ".iova";
  std::error_code error;
  if (fs::exists(copy, error)) return;
  write_file(copy, input.content);
  finding.inputs++;
}

// Builds the finding without writing its files.
StoredFinding FindingStore::make(const std::string& key, const Input& input,
                                 const fuzz::Target& target, Outcome outcome,
                                 program::Program* smallest) {
  StoredFinding finding;
  finding.key = key;
  finding.target = target.name;
  finding.shown = outcome.kind != Outcome::clean;
  for (finding.runs = 1; finding.runs < options_.times; finding.runs++)
    finding.shown += judge_.replay(input, target, found_keys()).key() == key;
  finding.outcome = std::move(outcome);
  bool can_be_smaller =
      options_.minimize_executions && !target.reads_text && finding.outcome.kind != Outcome::clean;
  if (can_be_smaller && options_.minimize_beside)
    large_.push_back({key, input, &target});
  else if (can_be_smaller)
    make_smaller(finding, target, smallest);
  place(finding, target);
  return finding;
}

void FindingStore::place(StoredFinding& finding, const fuzz::Target& target) const {
  bool uses_ledger = options_.use_ledger || options_.keep_known;
  bool is_forgotten =
      options_.use_ledger && !known(finding.key) && find_issue(finding.key, *tested_.variant);
  finding.standing =
      uses_ledger && !is_forgotten ? standing_of(finding.key, *tested_.variant) : Standing::is_new;
  finding.is_difference = is_difference(finding.key);
  finding.folder = folder_of(finding.key);
  finding.reproducer = finding.folder / (target.reads_text ? "input" : "program.iova");
  std::string past;
  for (const std::string& met : finding.outcome.known_met)
    if (finding.is_difference || !is_difference(met)) past += "--past " + quoted(met) + " ";
  std::string options = tested_.replay_options + (finding.is_difference ? "--strict " : "");
  if (finding.outcome.kind == Outcome::timeout && options_.timeout_ms != StoreOptions().timeout_ms)
    options += fmt::format("--timeout {}s ", options_.timeout_ms / 1e3);
  std::string command = fmt::format("{} replay {}{}", launcher(), options, past);
  if (target.compares) command = tested_.compare_command + " ";
  if (target.reads_text)
    command = quoted(fmt::format("{}/bin/{}/{}", build_folder().string(),
                                 fuzz::binary_folder(target, ""), target.name)) +
              " ";
  finding.replay = command + quoted(finding.reproducer.string());
}

FindingStore::~FindingStore() {
  if (!worker_) return;
  kill(worker_, SIGKILL);
  wait_for(worker_);
  close(answer_);
}

bool FindingStore::make_smaller_beside(std::string* gone) {
  gone->clear();
  if (!worker_) {
    if (!large_.empty()) start(large_.front());
    return worker_;
  }
  if (waitpid(worker_, nullptr, WNOHANG) != worker_) return true;
  worker_ = 0;
  std::string key;
  char bytes[4096];
  for (ssize_t n; (n = read(answer_, bytes, sizeof bytes)) > 0;)
    key.append(bytes, static_cast<size_t>(n));
  close(answer_);
  Large large = std::move(large_.front());
  large_.pop_front();
  if (!key.empty()) *gone = book(large.key, key);  // if the worker died, the finding stays as it is
  return true;
}

void FindingStore::start(const Large& large) {
  Pipe pipe;
  const auto tell_its_key = [&] { return write_all(pipe.write_end(), finish(large)) ? 1 : 0; };
  worker_ = run_child(tell_its_key, Group::own);
  answer_ = pipe.keep_read_end();
}

std::string FindingStore::finish(const Large& large) {
  StoredFinding* stored = find(large.key);
  if (!stored) return "";
  StoredFinding finding = *stored;
  program::Program smallest = large.input.program;
  make_smaller(finding, *large.target, &smallest);
  bool is_another = finding.key != large.key && (is_of_others(finding.key) || find(finding.key));
  if (is_another) return finding.key;
  place(finding, *large.target);
  write(finding, large.input, *large.target, smallest);
  write_report(finding, "");
  return finding.key;
}

std::string FindingStore::book(const std::string& was, const std::string& key) {
  StoredFinding* finding = find(was);
  if (!finding) return "";
  StoredFinding* other = key == was ? finding : find(key);
  const fs::path old = finding->folder, folder = other ? other->folder : folder_of(key);
  const bool is_known = is_of_others(key);
  if (key != was) {
    other_names_.insert(was);
    std::error_code none;
    if (!is_known)
      for (const auto& entry : fs::directory_iterator(old / "inputs", none)) {
        make_folder(folder / "inputs");
        fs::rename(entry.path(), folder / "inputs" / entry.path().filename(), none);
      }
    fs::remove_all(old, none);
    write_known();
  }
  if (key != was && (is_known || other)) {
    if (other) other->inputs = count_inputs(other->folder);
    std::erase_if(findings_, [&](const StoredFinding& stored) { return stored.key == was; });
    return was;
  }
  StoredFinding smaller = from_json(parse_json(read_file(folder / report_json)), folder);
  smaller.is_difference = finding->is_difference;
  smaller.is_earlier = finding->is_earlier;
  *finding = std::move(smaller);
  return "";
}

void FindingStore::write(const StoredFinding& finding, const Input& input,
                         const fuzz::Target& target, const program::Program& smallest) const {
  make_folder(finding.folder / "inputs");
  if (target.reads_text) return write_file(finding.reproducer, input.content);
  if (!input.is_text || fits_bytes(input.program))
    write_file(finding.folder / "input.bin", input.is_text ? to_bytes(input) : input.content);
  std::string comments = commented(finding.key);
  if (finding.outcome.report) comments += commented(finding.outcome.report->headline);
  for (const std::string& need : finding.needed) comments += commented(need);
  if (!finding.operands.empty()) comments += commented(finding.operands);
  write_file(finding.reproducer, comments + print(smallest));
  bool alone = finding.outcome.report && finding.outcome.known_met.empty() && !target.compares;
  if (alone) write_c_source(finding, smallest);
}

void FindingStore::write_c_source(const StoredFinding& finding,
                                  const program::Program& smallest) const {
  Outcome outcome = run_isolated(*tested_.variant, smallest,
                                 {.record = true,
                                  .record_calls = true,
                                  .timeout_ms = options_.timeout_ms,
                                  .tell_differences = finding.is_difference});
  if (outcome.key() != finding.key) return;
  try {
    write_file(finding.folder / "reproducer.c", c_source(smallest, *tested_.variant, outcome));
  } catch (const NotInC&) {
  }
}

void FindingStore::make_smaller(StoredFinding& finding, const fuzz::Target& target,
                                program::Program* program) const {
  if (!options_.minimize_executions) return;
  IsolateOptions isolate =
      judge_.options(target, finding.outcome.known_met, is_difference(finding.key));
  // A hanging program costs the full timeout in each run, so use fewer runs and a shorter timeout.
  constexpr uint64_t executions_that_hang = 20;
  constexpr int hang_ms = 2000;
  bool hangs = finding.outcome.kind == Outcome::timeout;
  Minimized smaller =
      minimize(*tested_.variant, *program, finding.key,
               {.expected = isolate.expected,
                .known = isolate.known,
                .tell_differences = isolate.tell_differences,
                .times = 1,
                .max_executions = hangs ? executions_that_hang : options_.minimize_executions,
                .timeout_ms = hangs ? std::min(hang_ms, isolate.timeout_ms) : isolate.timeout_ms});
  if (smaller.outcome.key() != smaller.key) return;  // the finding did not show again
  finding.key = smaller.key;
  finding.outcome = std::move(smaller.outcome);
  finding.is_minimal = smaller.is_minimal;
  finding.needed = std::move(smaller.needed);
  finding.operands = std::move(smaller.operands);
  *program = std::move(smaller.program);
  fs::path also = folder_of(finding.key) / "also";
  for (const auto& [key, other] : smaller.also) {
    finding.also.push_back(key);
    make_folder(also);
    write_file(also / (folder_name(key) + ".iova"), commented(key) + print(other));
  }
}

void FindingStore::write_report(StoredFinding finding, const std::string& log) const {
  std::string report;
  if (finding.outcome.report) {
    find_lines(*finding.outcome.report);
    report = engine::format(*finding.outcome.report);
  }
  std::string needed;
  for (const std::string& need : finding.needed) needed += need + "\n";
  if (!finding.operands.empty()) needed += finding.operands + "\n";
  const engine::KnownFinding* entry = find_issue(finding.key, *tested_.variant);
  write_file(finding.folder / "report.txt",
             fmt::format("{}\n{}{}, {}\nvariant: {}\ntarget: {}\nshown in {} of {} runs\n"
                         "replay: {}\n{}{}\n{}\n",
                         finding.key, name(finding.standing),
                         entry ? fmt::format(" ({}: {})", entry->id, entry->title) : "",
                         shim::name(severity_of(finding.outcome)), tested_.variant->name,
                         finding.target, finding.shown, finding.runs, finding.replay, needed,
                         report, finding.outcome.log.empty() ? log : finding.outcome.log));
  write_file(finding.folder / report_json, to_text(to_json(finding, tested_.variant->name)));
}

void FindingStore::write_known() const {
  std::string text;
  for (const std::string& key : judge_.known_keys()) text += key + "\n";
  for (const std::string& key : found_keys()) text += key + "\n";
  write_file(known_file(), text);
}

}  // namespace tool
