// SPDX-License-Identifier: GPL-2.0-only
// triage: folders of crashes from any engine -> distinct findings, each with its smallest program.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "triage/campaign.h"
#include "triage/commands.h"
#include "triage/crash_files.h"
#include "triage/exchange.h"
#include "triage/files.h"
#include "triage/findings.h"
#include "triage/interrupt.h"
#include "triage/known.h"
#include "triage/report_json.h"
#include "triage/variants.h"

namespace triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Arguments {
  std::vector<std::string> paths;
  VariantChoice choice;
  std::string out;
  unsigned times = 3;
  double timeout = 10;
  uint64_t minimize_executions = 20'000;
  bool json = false;
};

// What inputs showed, a line each, so that none is looked at twice. A line that a killed process
// left unfinished does not count.
class Seen {
 public:
  Seen(const fs::path& folder, const std::string& variant) : path_(folder / "inputs.txt") {
    std::error_code error;
    bool exists = fs::exists(path_, error);
    std::istringstream lines(exists ? read_file(path_) : "");
    std::string line, whole;
    const std::string title = "# on " + variant;
    for (bool first = true; std::getline(lines, line) && !lines.eof(); first = false) {
      if (first && line != title)
        throw Failure(fmt::format("{} is of a triage {}, not on {}: choose another --out",
                                  folder.string(), line.substr(std::min<size_t>(2, line.size())),
                                  variant));
      whole += line + "\n";
      if (!first) keys_[line.substr(0, line.find(' '))] = line.substr(line.find(' ') + 1);
    }
    write_file(path_, whole.empty() ? title + "\n" : whole);
  }

  bool has(const std::string& hash) const { return keys_.contains(hash); }
  void add(const std::string& hash, const std::string& key) {
    keys_[hash] = key;
    std::ofstream file(path_, std::ios::app);
    file << hash << ' ' << key << '\n' << std::flush;
    if (!file) throw Failure(fmt::format("{}: cannot be written", path_.string()));
  }

 private:
  fs::path path_;
  std::map<std::string, std::string> keys_;  // by hash of the content
};

// The more urgent first.
bool before(const StoredFinding& a, const StoredFinding& b) {
  auto rank = [](const StoredFinding& finding) {
    bool is_known = finding.standing == Standing::is_known;
    bool is_ours = finding.outcome.report && finding.outcome.report->blame != "allocator";
    return std::tuple(is_known, is_ours, severity_of(finding.outcome), finding.key);
  };
  return rank(a) < rank(b);
}

std::string blame_of(const StoredFinding& finding) {
  return finding.outcome.report ? finding.outcome.report->blame : "unknown";
}

std::string describe(const StoredFinding& finding, const iova_variant& variant) {
  std::string text = fmt::format("{}, {}, {}", name(finding.standing),
                                 shim::name(severity_of(finding.outcome)), blame_of(finding));
  text += fmt::format("\n   {}{}\n", finding.key, known_note(finding.key, variant));
  if (finding.outcome.report) {
    const engine::Report& report = *finding.outcome.report;
    text += fmt::format("   {}\n", report.headline);
    if (report.faults.empty()) text += "   faults injected: none\n";
    for (const std::string& fault : report.faults) text += "   fault injected: " + fault + "\n";
    std::istringstream lines(report.program);
    for (std::string line; std::getline(lines, line);) text += "     " + line + "\n";
  }
  text += fmt::format("   {} {}, shown in {} of {} runs{}\n   {}\n", finding.inputs,
                      finding.inputs == 1 ? "input" : "inputs", finding.shown, finding.runs,
                      finding.is_minimal || finding.reproducer.extension() != ".iova"
                          ? ""
                          : ", not as small as it might be",
                      finding.folder.string());
  return text;
}

struct Summary {
  size_t files = 0, looked_at = 0, showed_nothing = 0, were_new = 0;
  bool interrupted = false;
  std::vector<std::string> complaints;
};

json to_json(const Summary& summary, const std::vector<StoredFinding>& findings,
             const iova_variant& variant) {
  json rows = json::array();
  for (const StoredFinding& finding : findings)
    rows.push_back({{"key", finding.key},
                    {"standing", name(finding.standing)},
                    {"severity", shim::name(severity_of(finding.outcome))},
                    {"blame", blame_of(finding)},
                    {"inputs", finding.inputs},
                    {"shown", finding.shown},
                    {"runs", finding.runs},
                    {"minimal", finding.is_minimal},
                    {"needed", finding.needed},
                    {"also", finding.also},
                    {"folder", finding.folder.string()},
                    {"reproducer", finding.reproducer.string()},
                    {"replay", finding.replay}});
  return {{"variant", variant.name},
          {"files", summary.files},
          {"looked_at", summary.looked_at},
          {"showed_nothing", summary.showed_nothing},
          {"complaints", summary.complaints},
          {"interrupted", summary.interrupted},
          {"findings", rows}};
}

int triage_folders(const Arguments& arguments) {
  InterruptGuard guard;
  TestedVariant tested = triage::tested(arguments.choice);
  fs::path out = arguments.out.empty() ? campaign_folder() / "triage" : fs::path(arguments.out);
  make_folder(out);
  Summary summary;
  std::vector<CrashFile> files = find_crash_files(arguments.paths, summary.complaints);
  summary.files = files.size();
  Seen seen(out, tested.variant->name);
  FindingStore store(out, tested,
                     {.keep_known = true,
                      .times = arguments.times,
                      .timeout_ms = static_cast<int>(arguments.timeout * 1000),
                      .minimize_executions = arguments.minimize_executions,
                      .whole = true});
  store.load();
  for (const CrashFile& file : files) {
    summary.interrupted = interrupted();
    if (summary.interrupted) break;
    try {
      Input input = read_crash(file.path);
      if (input.content.empty()) {
        summary.complaints.push_back(
            fmt::format("{}: is empty (0 bytes): was it cut off?", file.path.string()));
        continue;
      }
      // The same bytes may be a text for one target and a program for another.
      std::string hash = content_hash(input.content + "\n" + file.target->name);
      if (seen.has(hash)) continue;
      TakenInput taken = store.take(input, *file.target, 0, "");
      if (interrupted()) continue;  // it may not have been taken in
      summary.looked_at++;
      seen.add(hash, taken.key);
      if (taken.key.starts_with("unreproduced:")) summary.showed_nothing++;
      if (!taken.new_finding) continue;
      summary.were_new++;
      if (!arguments.json) fmt::print("found: {}\n", taken.key);
      fflush(stdout);
    } catch (const Failure& failure) {
      summary.complaints.push_back(failure.what());
    }
  }
  std::vector<StoredFinding> found = store.findings();
  std::sort(found.begin(), found.end(), before);
  std::string text = fmt::format("{} findings on {}\n", found.size(), tested.variant->name);
  size_t number = 0;
  for (const StoredFinding& finding : found)
    text += fmt::format("\n{}. {}", ++number, describe(finding, *tested.variant));
  json as_json = to_json(summary, found, *tested.variant);
  write_file(out / "summary.txt", text);
  write_file(out / "summary.json", to_text(as_json));
  write_file(out / "findings.sarif", to_text(to_sarif(found, *tested.variant)));
  for (const std::string& complaint : summary.complaints)
    fmt::print(stderr, "iovafuzz: {}\n", complaint);
  if (arguments.json) {
    fmt::print("{}", to_text(as_json));
  } else {
    fmt::print("{}\n{} files, {} of them not looked at before: {} new findings, {} inputs show "
               "nothing{}\nsummary.txt, summary.json and findings.sarif are in {}\n",
               text, summary.files, summary.looked_at, summary.were_new, summary.showed_nothing,
               summary.interrupted ? "; interrupted, the same command goes on" : "",
               out.string());
  }
  if (!summary.complaints.empty()) return could_not;
  bool any = std::any_of(found.begin(), found.end(), [](const StoredFinding& finding) {
    return finding.standing != Standing::is_known;
  });
  return any ? findings : nothing_new;
}

}  // namespace

void add_triage(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "triage", "Folders of crashes from any engine -> findings, each with its smallest program");
  command
      ->add_option("DIR", arguments->paths,
                   "crashes, or folders: of libFuzzer, AFL++, OSS-Fuzz or of this tool")
      ->required();
  arguments->choice.add_options(*command);
  command->add_option("--out", arguments->out,
                      "folder of the findings, added to if it is there; else .campaign/triage of "
                      "the project");
  command->add_option("--times", arguments->times, "runs of the first input of a finding")
      ->check(CLI::Range(1u, 10000u))
      ->capture_default_str();
  command->add_option("--timeout", arguments->timeout, "seconds for one run")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  command->add_option("--minimize-executions", arguments->minimize_executions,
                      "at most, to make a finding's program smaller; 0: leave it")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "for programs");
  command->callback(
      [arguments, &action] { action = [arguments] { return triage_folders(*arguments); }; });
}

}  // namespace triage
