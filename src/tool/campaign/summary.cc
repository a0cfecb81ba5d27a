// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <sstream>

#include "tool/campaign/screen.h"
#include "tool/replay/issues.h"
#include "tool/replay/known.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/targets.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;
namespace tool {
namespace {

const char* state_of(const TargetProgress& row, const Progress& progress) {
  return row.failed ? "failed" : !progress.running ? "ended" : row.running ? "running" : "waiting";
}

std::string shortened(const std::string& line, size_t columns) {
  const std::string dots = "...";
  if (line.size() <= columns) return line;
  return line.substr(0, std::max(columns, dots.size()) - dots.size()) + dots;
}

std::string number_of_findings(const json& summary) {
  size_t count = summary.at("findings").size();
  std::string text = counted(count, "new finding");
  auto earlier = std::count_if(summary.at("findings").begin(), summary.at("findings").end(),
                               [](const json& finding) { return finding.at("earlier") == true; });
  if (earlier) text += fmt::format(", {} of them found by an earlier run", earlier);
  return text;
}

// Differences between the allocator and the reference.
std::string in_words_of_differences(const json& summary) {
  const json& rows = summary.at("differences");
  if (rows.empty()) return "";
  std::string reference = summary.at("reference");
  std::string text =
      fmt::format("\ndiffers from {} in {} that {} no promise:\n",
                  reference.empty() ? "the model" : "Linux " + reference,
                  counted(rows.size(), "way"), rows.size() == 1 ? "breaks" : "break");
  for (const json& row : rows) {
    text += fmt::format("   {}\n   {}\n", row.at("key").get<std::string>(),
                        row.at("headline").get<std::string>());
    if (std::string values = row.at("values"); !values.empty()) text += "     " + values + "\n";
    text +=
        fmt::format("     smallest program: {}\n", quoted(row.at("reproducer").get<std::string>()));
  }
  return text + "--strict reports them as findings\n";
}

// As the command known prints it, with the keys that are not the ledger's.
std::string lines_of_issue(const json& issue) {
  std::vector<std::string> more{upstream_status(issue.at("since").get<std::string>(),
                                                issue.at("upstream").get<std::string>())};
  const std::string state = issue.value("state", "present");
  const bool is_present = state == "present";
  for (const std::string& key : issue.value("other_keys", std::vector<std::string>()))
    more.push_back((is_present ? "it shows as " : "its reproducer shows ") + key);
  return issue_lines(state, issue.at("id"), issue.at("title"), more);
}

std::string next_step(const json& summary, const std::string& launcher) {
  std::string variant = summary.at("variant"), options = summary.at("options");
  if (!summary.at("findings").empty()) return summary.at("findings").at(0).at("replay");
  if (summary.at("running") == true) return "";
  if (variant == "port@fixed") return launcher + " run --kernel debian:6.12";
  if (variant.find('+') == std::string::npos && variant.starts_with("port@") &&
      summary.at("ledger") == true)
    return fmt::format("{} run {}--no-ledger", launcher, options);
  return fmt::format("{} run {}--time 1h", launcher, options);
}

}  // namespace

fs::path summary_file(const fs::path& campaign) { return campaign / "summary.json"; }

json read_summary(const fs::path& campaign) {
  fs::path file = summary_file(campaign);
  std::error_code error;
  bool is_held = FileLock::is_held(campaign / "lock");
  if (!fs::is_regular_file(file, error))
    throw Failure(
        fmt::format("{}: {}", campaign.string(),
                    is_held ? "a campaign is starting and has no summary yet"
                            : "no campaign has run in this folder: give the folder of run --out"));
  json summary = try_parse_json(read_file(file));
  if (!summary.is_object() || !summary.contains("running"))
    throw Failure(fmt::format("{}: is not a campaign's summary", file.string()));
  // The summary of a killed campaign still claims to be running.
  summary["killed"] = summary["running"] == true && !is_held;
  if (!is_held) summary["running"] = false;
  if (summary["killed"] == true)
    for (json& row : summary["targets"]) row["state"] = "ended";
  return summary;
}

Meaning meaning_of(const std::string& variant, bool with_ledger) {
  const std::string port = "port@";
  if (!variant.starts_with(port))
    return {"the allocator of this kernel tree, unmodified",
            with_ledger ? "known issues are expected; anything else is new"
                        : "known issues are reported as new"};
  std::string revision = variant.substr(port.size());
  size_t plus = revision.find('+');
  std::string defect = plus == std::string::npos ? "" : revision.substr(plus + 1);
  revision = revision.substr(0, plus);
  bool is_fixed = revision == "fixed";
  std::string what = is_fixed ? "the port with every known issue repaired"
                              : fmt::format("the port with the behaviour of Linux {}", revision);
  if (!defect.empty())
    return {fmt::format("{}, with the planted defect {}", what, defect),
            "the defect should be found"};
  if (is_fixed) return {what, "no findings are expected"};
  return {what,
          with_ledger ? "only known issues are expected" : "its known issues should be found"};
}

namespace {

// The state of an issue in the campaign: whether a key that it met is the issue's own.
json to_json(const engine::KnownFinding& finding, const std::set<std::string>& keys,
             const CampaignOptions& options) {
  json row = tool::to_json(finding);
  row["keys"] = keys;
  row["other_keys"] = json::array();
  bool is_present = false;
  for (const std::string& key : keys) {
    is_present |= resembles(finding, key);
    if (!engine::has_key(finding, key)) row["other_keys"].push_back(key);
  }
  row["state"] = IssueState{is_present ? IssueState::present : IssueState::other}.in_words();
  row["replay"] = show_command(finding, options.tested.replay_options);
  return row;
}

json to_json(const TargetProgress& row, const Progress& progress) {
  json target{{"target", row.target->name},
              {"engine", name(row.engine)},
              {"state", state_of(row, progress)},
              {"executions", row.executions},
              {"executions_per_second", row.executions_per_second},
              {"cpu_seconds", row.cpu_seconds},
              {"seconds", row.ran},
              {"edges", row.coverage},
              {"corpus", row.corpus},
              {"last_new_seconds", seconds_of(row.last_new)},
              {"quiet_seconds", row.quiet},
              {"new", row.new_findings},
              {"known", row.known}};
  if (row.stability) target["stability"] = *row.stability;
  return target;
}

// What findings and differences have in common.
json row_of(const StoredFinding& finding) {
  const engine::Report* report = finding.outcome.report ? &*finding.outcome.report : nullptr;
  return {{"key", finding.key},
          {"headline", report ? report->headline : ""},
          {"inputs", finding.inputs},
          {"reproducer", finding.reproducer.string()},
          {"replay", finding.replay}};
}

json finding_row(const StoredFinding& finding) {
  json row = row_of(finding);
  row.update({{"target", finding.target},
              {"executions", finding.executions},
              {"earlier", finding.is_earlier},
              {"severity", shim::name(severity_of(finding.outcome))},
              {"faults", finding.outcome.report ? finding.outcome.report->faults
                                                : std::vector<std::string>{}},
              {"needed", finding.needed},
              {"operands", finding.operands},
              {"minimal", finding.is_minimal}});
  return row;
}

json difference_row(const StoredFinding& finding) {
  json row = row_of(finding);
  row["values"] = finding.outcome.report ? finding.outcome.report->values : "";
  return row;
}

}  // namespace

json to_json(const CampaignResult& result, const CampaignOptions& options) {
  const Progress& progress = result.progress;
  const iova_variant& variant = *options.tested.variant;
  Meaning meaning = meaning_of(variant.name, options.ledger);
  json targets = json::array(), found = json::array(), known = json::array();
  json differences = json::array();
  std::set<std::string> past;
  const KnownMet met = known_met(progress);
  for (const engine::KnownFinding& finding : engine::ledger())
    if (auto at = met.find(finding.id); at != met.end())
      known.push_back(to_json(finding, at->second, options));
  for (const TargetProgress& row : progress.targets) {
    targets.push_back(to_json(row, progress));
    past.insert(row.past.begin(), row.past.end());
  }
  for (const StoredFinding& finding : result.findings) found.push_back(finding_row(finding));
  for (const StoredFinding& finding : result.differences)
    differences.push_back(difference_row(finding));
  json limit;
  if (progress.time) limit = seconds_of(*progress.time);
  return {{"variant", variant.name},
          {"meaning", meaning.what},
          {"expected", meaning.expected},
          {"ledger", options.ledger},
          {"options", options.tested.replay_options},
          {"folder", absolute_path(options.out).string()},
          {"shared", options.shared.empty() ? "" : absolute_path(options.shared).string()},
          {"running", progress.running},
          {"written", std::time(nullptr)},
          {"seconds", seconds_of(progress.elapsed)},
          {"time_limit_seconds", limit},
          {"interrupted", progress.interrupted},
          {"troubles", progress.troubles},
          {"targets", targets},
          {"findings", found},
          {"reference", likeness(variant)},
          {"differences", differences},
          {"gone", result.gone},
          {"known", known},
          {"past", past},
          {"total",
           {{"runs", progress.totals.runs},
            {"seconds", progress.totals.seconds},
            {"executions", progress.totals.executions}}}};
}

Progress progress_of(const json& summary) {
  auto time_of = [](const json& seconds) {
    return std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds.get<double>()));
  };
  Progress progress;
  progress.elapsed = time_of(summary.at("seconds"));
  if (!summary.at("time_limit_seconds").is_null())
    progress.time = time_of(summary.at("time_limit_seconds"));
  progress.running = summary.at("running");
  progress.interrupted = summary.at("interrupted");
  for (const json& row : summary.at("targets")) {
    const fuzz::Target* target = target_named(row.at("target"));
    if (!target) continue;
    bool is_aflpp = row.at("engine") == name(Engine::aflpp);
    TargetProgress of{.target = target,
                      .engine = is_aflpp ? Engine::aflpp : Engine::libfuzzer,
                      .running = row.at("state") == "running",
                      .failed = row.at("state") == "failed",
                      .ran = row.at("seconds"),
                      .executions = row.at("executions"),
                      .executions_per_second = row.at("executions_per_second"),
                      .coverage = row.at("edges"),
                      .corpus = row.at("corpus"),
                      .quiet = row.at("quiet_seconds"),
                      .new_findings = row.at("new"),
                      .known = row.at("known").get<KnownMet>()};
    if (row.contains("stability")) of.stability = row["stability"].get<double>();
    progress.targets.push_back(std::move(of));
  }
  for (const json& finding : summary.at("findings"))
    progress.inputs_by_key[finding.at("key")] = finding.at("inputs");
  return progress;
}

std::string overview(const json& summary, size_t columns) {
  Progress progress = progress_of(summary);
  std::string variant = summary.at("variant"), what = summary.at("meaning");
  std::string expected = summary.at("expected");
  std::string state = progress.running ? "running" : progress.interrupted ? "interrupted" : "done";
  std::string head = fmt::format("{} on {}, {}: {}", state, variant, elapsed_of_limit(progress),
                                 number_of_findings(summary));
  std::string text = in_lines(head, columns) +
                     in_lines(fmt::format("{}: {}; {}.", variant, what, expected), columns) + "\n";
  for (const std::string& line : table(progress, columns)) text += line + "\n";
  const json& known = summary.at("known");
  std::vector<std::string> lines;
  if (!known.empty())
    lines = {"", fmt::format("{} met (details: iovafuzz list known):",
                             counted(known.size(), "known issue"))};
  for (const json& issue : known)
    for (const std::string& line : lines_of(lines_of_issue(issue))) lines.push_back(line);
  const std::vector<std::string> past = summary.value("past", std::vector<std::string>());
  if (!past.empty()) lines.insert(lines.end(), {"", "ignored because of --past:"});
  for (const std::string& key : past) lines.push_back("   " + key);
  for (const std::string& line : lines) text += shortened(line, columns) + "\n";
  return text;
}

std::string describe(size_t number, const StoredFinding& finding) {
  std::string text = fmt::format("\n{}. {}\n", number, finding.key);
  if (finding.outcome.report) {
    const engine::Report& report = *finding.outcome.report;
    text += fmt::format("   {}\n   in {}\n", report.headline, report.function);
    if (!report.values.empty()) text += fmt::format("   found: {}\n", report.values);
    if (report.faults.empty()) text += "   faults injected: none\n";
    for (const std::string& fault : report.faults) text += "   fault injected: " + fault + "\n";
    if (!report.program.empty()) text += "   program:\n";
    std::istringstream lines(report.program);
    for (std::string line; std::getline(lines, line);) text += "     " + line + "\n";
  } else {
    text += fmt::format("   no report; the log is in {}\n",
                        quoted((finding.folder / "report.txt").string()));
  }
  if (!finding.operands.empty()) text += "   " + finding.operands + "\n";
  return text + fmt::format("   first found by {} after {} executions; {} it\n"
                            "   smallest program: {}\n   replay: {}\n",
                            finding.target, finding.executions,
                            finding.inputs == 1 ? "1 input shows"
                                                : fmt::format("{} inputs show", finding.inputs),
                            quoted(finding.reproducer.string()), finding.replay);
}

std::string ending(const json& summary, const std::string& launcher, size_t columns) {
  std::string text;
  const json& total = summary.at("total");
  if (total.at("runs").get<unsigned>() > 1)
    text += "\n" + in_lines(fmt::format("all {} runs in this folder on {}: {}, {} executions",
                                        total.at("runs").get<unsigned>(),
                                        summary.at("variant").get<std::string>(),
                                        print_time(total.at("seconds")),
                                        total.at("executions").get<uint64_t>()),
                            columns);
  text += in_words_of_differences(summary);
  for (const json& key : summary.at("gone"))
    text +=
        fmt::format("\nearlier finding no longer reproduces here: {}\n", key.get<std::string>());
  for (const json& trouble : summary.at("troubles")) {
    std::string all = trouble;
    text += "\n" + in_lines("left out: " + all.substr(0, all.find('\n')), columns);
  }
  fs::path folder = summary.at("folder").get<std::string>();
  std::string file = summary_file(folder).filename().string();
  text += "\n" + in_lines("corpus, findings, inputs of known issues, logs and " + file + " are in",
                          columns);
  text += fmt::format("   {}\n", quoted(folder.string()));
  if (const std::string shared = summary.value("shared", ""); !shared.empty())
    text += fmt::format("findings of all campaigns that share the corpus: {} status {}\n", launcher,
                        quoted(shared));
  if (!summary.at("findings").empty())
    text += fmt::format("HTML report: {} report {}\n", launcher, quoted(folder.string()));
  if (summary.at("running") == false) text += fmt::format("\n{}\n", number_of_findings(summary));
  if (std::string next = next_step(summary, launcher); !next.empty())
    text += fmt::format("next: {}\n", next);
  return text;
}

std::string in_words(const std::string& summary, const std::vector<StoredFinding>& findings,
                     const std::string& launcher, size_t columns) {
  json parsed = parse_json(summary);
  std::string text = overview(parsed, columns);
  size_t number = 0;
  for (const StoredFinding& finding : findings) text += describe(++number, finding);
  return text + ending(parsed, launcher, columns);
}

}  // namespace tool
