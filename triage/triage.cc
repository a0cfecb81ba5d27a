// SPDX-License-Identifier: GPL-2.0-only
// triage: sorts folders of crashes from any engine into distinct findings, each with its smallest
// program.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "tool/campaign/campaign.h"
#include "tool/findings/crash_files.h"
#include "tool/findings/exchange.h"
#include "tool/findings/findings.h"
#include "tool/replay/known.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/interrupt.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

namespace fs = std::filesystem;
struct Arguments {
  std::vector<std::string> paths;
  VariantChoice choice;
  std::string out;
  unsigned times = 3;
  std::chrono::milliseconds timeout{10'000};
  uint64_t minimize_executions = 20'000;
  bool json = false;
};

// The results of inputs, a line each, so that no input runs twice. Ignores a line that a killed
// process left incomplete.
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
        throw Failure(fmt::format("{} belongs to a triage {}, not on {}: choose another --out",
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
  std::map<std::string, std::string> keys_;  // by content hash
};

// The more urgent finding comes first.
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

// The ledger's standing of a finding, whether or not it is new to the folder.
const char* in_words(Standing standing) {
  switch (standing) {
    case Standing::is_new: return "new finding";
    case Standing::came_back: return "known issue that came back";
    case Standing::is_known: return "known issue";
  }
  return "?";
}

std::string describe(const StoredFinding& finding, const iova_variant& variant) {
  std::string text = fmt::format("{}, {}, {}", in_words(finding.standing),
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
  text += fmt::format("   {}, shown in {} of {} runs{}\n   {}\n   replay: {}\n",
                      counted(finding.inputs, "input"), finding.shown, finding.runs,
                      finding.is_minimal || finding.reproducer.extension() != ".iova"
                          ? ""
                          : ", not fully minimized",
                      quoted(finding.folder.string()), finding.replay);
  return text;
}

struct Summary {
  size_t files = 0, looked_at = 0, showed_nothing = 0;
  size_t new_here = 0, known_of_them = 0;  // new to the folder; of these, in the ledger
  bool interrupted = false;
  std::vector<std::string> complaints;
};

json to_json(const Summary& summary, const std::vector<StoredFinding>& findings,
             const iova_variant& variant, const std::string& options) {
  json rows = json::array();
  for (const StoredFinding& finding : findings) {
    rows.push_back(facts_of(finding));
    rows.back().update({{"blame", blame_of(finding)},
                        {"inputs", finding.inputs},
                        {"folder", finding.folder.string()},
                        {"reproducer", finding.reproducer.string()},
                        {"replay", finding.replay}});
  }
  return {{"variant", variant.name},
          {"options", options},
          {"files", summary.files},
          {"looked_at", summary.looked_at},
          {"new_to_folder", summary.new_here},
          {"showed_nothing", summary.showed_nothing},
          {"complaints", summary.complaints},
          {"interrupted", summary.interrupted},
          {"findings", rows}};
}

// Gives each file that this folder has not seen to the store.
void take_files(const std::vector<CrashFile>& files, Seen& seen, FindingStore& store, bool is_quiet,
                Summary& summary) {
  for (const CrashFile& file : files) {
    summary.interrupted = interrupted();
    if (summary.interrupted) return;
    try {
      Input input = read_crash(file.path);
      if (input.content.empty()) {
        summary.complaints.push_back(
            fmt::format("{}: is empty (0 bytes): was it truncated?", file.path.string()));
        continue;
      }
      // The hash includes the target: the same bytes may be text for one target and a program for
      // another.
      std::string hash = content_hash(input.content + "\n" + file.target->name);
      if (seen.has(hash)) continue;
      TakenInput taken = store.take(input, *file.target, 0, "");
      if (interrupted()) continue;  // the store may not have taken it
      summary.looked_at++;
      seen.add(hash, taken.key);
      if (taken.key.starts_with("unreproduced:")) summary.showed_nothing++;
      if (!taken.new_finding) continue;
      summary.new_here++;
      summary.known_of_them += taken.new_finding->standing == Standing::is_known;
      if (!is_quiet) fmt::print("{}: {}\n", in_words(taken.new_finding->standing), taken.key);
      fflush(stdout);
    } catch (const Failure& failure) {
      summary.complaints.push_back(failure.what());
    }
  }
}

std::string in_words(const std::vector<StoredFinding>& found, size_t known,
                     const iova_variant& variant) {
  std::string text = fmt::format("{} on {}, {} of them known\n", counted(found.size(), "finding"),
                                 variant.name, known);
  size_t number = 0;
  for (const StoredFinding& finding : found)
    text += fmt::format("\n{}. {}", ++number, describe(finding, variant));
  return text;
}

std::string in_words(const Summary& summary, const fs::path& out) {
  return fmt::format(
      "{}, {} of them not examined before: {} new to this folder ({} known), {} no finding{}\n"
      "summary.txt, summary.json and findings.sarif are in {}\n",
      counted(summary.files, "file"), summary.looked_at, counted(summary.new_here, "finding"),
      summary.known_of_them,
      summary.showed_nothing == 1 ? "1 input shows"
                                  : fmt::format("{} inputs show", summary.showed_nothing),
      summary.interrupted ? "; interrupted, the same command resumes it" : "",
      quoted(out.string()));
}

int triage_folders(const Arguments& arguments) {
  InterruptGuard guard;
  TestedVariant tested = tool::tested(arguments.choice);
  fs::path out = arguments.out.empty() ? campaign_folder() / "triage" : fs::path(arguments.out);
  make_folder(out);
  const FileLock lock(out / "lock",
                      fmt::format("another process uses {}: waiting for its end", out.string()));
  Summary summary;
  const std::vector<CrashFile> files = find_crash_files(arguments.paths, summary.complaints);
  summary.files = files.size();
  Seen seen(out, tested.variant->name);
  FindingStore store(out, tested,
                     {.keep_known = true,
                      .times = arguments.times,
                      .timeout_ms = static_cast<int>(arguments.timeout.count()),
                      .minimize_executions = arguments.minimize_executions,
                      .whole = true});
  store.load();
  take_files(files, seen, store, arguments.json, summary);

  std::vector<StoredFinding> found = store.findings();
  std::sort(found.begin(), found.end(), before);
  const auto known =
      static_cast<size_t>(std::count_if(found.begin(), found.end(), [](const StoredFinding& each) {
        return each.standing == Standing::is_known;
      }));
  const std::string text = in_words(found, known, *tested.variant);
  const json as_json = to_json(summary, found, *tested.variant, tested.replay_options);
  write_file(out / "summary.txt", text);
  write_file(out / "summary.json", to_text(as_json));
  write_file(out / "findings.sarif", to_text(to_sarif(found, *tested.variant)));
  for (const std::string& complaint : summary.complaints)
    fmt::print(stderr, "iovafuzz: {}\n", complaint);
  fmt::print("{}", arguments.json ? to_text(as_json) : text + "\n" + in_words(summary, out));
  if (!summary.complaints.empty()) return could_not;
  return known < found.size() ? findings : nothing_new;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("triage", "groups crash files into minimized findings with reports");
  line.option("DIR", arguments.paths,
              "crash file, or folder of libFuzzer, AFL++, OSS-Fuzz or this tool")
      .required();
  arguments.choice.add_options(line);
  line.option(
      "--out DIR", arguments.out,
      "folder for the findings (default: .campaign/triage); an existing folder is extended");
  line.option("--times", arguments.times, "number of runs of a finding's first input")
      .range(1, 10000);
  line.option("--timeout", arguments.timeout, "time limit of one run").range(0.1, 1e6);
  line.option("--minimize-executions", arguments.minimize_executions,
              "highest number of executions to minimize one finding; 0: do not minimize");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz triage --kernel debian:6.12 crashes",
               "groups the files of the folder crashes by their findings on Linux 6.12");
  return line.run(argc, argv, [&] { return triage_folders(arguments); });
}
