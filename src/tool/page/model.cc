// SPDX-License-Identifier: GPL-2.0-only
#include "tool/page/model.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

#include "engine/ledger.h"
#include "engine/oracles.h"
#include "engine/promises.h"
#include "tool/campaign/course.h"
#include "tool/campaign/screen.h"
#include "tool/campaign/shared.h"
#include "tool/campaign/summary.h"
#include "tool/coverage/coverage.h"
#include "tool/findings/findings.h"
#include "tool/findings/kunit_source.h"
#include "tool/findings/mail.h"
#include "tool/replay/known.h"
#include "tool/replay/presence.h"
#include "tool/replay/steps.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/process.h"
#include "tool/support/report_json.h"
#include "tool/support/report_text.h"
#include "tool/support/targets.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace fs = std::filesystem;
namespace tool {

// The contents of a folder.
struct ReportedFolder {
  fs::path path;
  bool is_campaign = false;
  json summary;  // an object; empty for a triage that has not ended
  std::vector<std::pair<StoredFinding, std::string>> findings;
  std::string variant;
  VariantChoice choice;
};

namespace {

json told(engine::Report report) {
  find_lines(report);
  return tool::to_json(report);
}

constexpr int run_ms = 10'000;

ReportedFolder read_folder(const fs::path& path) {
  std::error_code none;
  if (!fs::is_directory(path, none))
    throw Failure(fmt::format("{}: is not a folder", path.string()));
  ReportedFolder folder;
  folder.path = absolute_path(path);
  folder.summary = json::object();
  if (fs::is_regular_file(summary_file(path), none)) {
    json summary = try_parse_json(read_file(summary_file(path)));
    if (!summary.is_object() || !summary.contains("findings") || !summary.contains("variant"))
      throw Failure(fmt::format("{}: is damaged or was not written by iovafuzz",
                                summary_file(path).string()));
    folder.is_campaign = summary.contains("running");
    folder.summary = folder.is_campaign ? read_summary(path) : summary;
  }
  if (is_shared(path))
    throw Failure(fmt::format("{}: is shared by several campaigns: give the folder of one in {}",
                              path.string(), (path / "machines").string()));
  folder.findings = stored_findings(path);
  if (folder.summary.empty() && folder.findings.empty())
    throw Failure(fmt::format(
        "{}: contains no campaign or triage: give the folder of run --out or triage --out",
        path.string()));
  folder.variant = folder.summary.value("variant", "");
  if (folder.variant.empty()) folder.variant = folder.findings[0].second;
  const std::string port = "port@", kernel = "kernel@";
  if (folder.summary.contains("options"))
    folder.choice = choice_of(folder.summary["options"]);
  else if (folder.variant.starts_with(port))
    folder.choice = parse_variant(folder.variant.substr(port.size()));
  else if (folder.variant.starts_with(kernel))
    folder.choice = parse_variant(
        folder.variant.substr(kernel.size(), folder.variant.find(" (") - kernel.size()));
  return folder;
}

// Findings in the order of the summary, which ranks them; those not in it come last, the worst
// first.
std::vector<const StoredFinding*> ranked(const ReportedFolder& folder) {
  std::map<std::string, size_t> place;
  for (const json& row : folder.summary.value("findings", json::array()))
    place.emplace(row.at("key"), place.size());
  std::vector<const StoredFinding*> all;
  for (const auto& [finding, variant] : folder.findings) {
    // A finding of another variant, from an earlier run, may not show here.
    if (folder.is_campaign && !finding.is_difference && !place.contains(finding.key) &&
        variant != folder.variant)
      continue;
    all.push_back(&finding);
  }
  auto rank = [&](const StoredFinding* finding) {
    auto at = place.find(finding->key);
    return std::tuple(finding->is_difference, at == place.end() ? place.size() : at->second,
                      finding->standing == Standing::is_known, severity_of(finding->outcome),
                      finding->key);
  };
  std::stable_sort(all.begin(), all.end(), [&](auto* a, auto* b) { return rank(a) < rank(b); });
  return all;
}

json promise_of_key(const std::string& key) {
  const std::string id(engine::promise_of(engine::oracle_of(key)));
  for (const engine::Promise& promise : engine::promises())
    if (id == promise.id)
      return {{"id", id}, {"words", promise.words}, {"relied_on_by", promise.relied_on_by}};
  if (id == "kernel")
    return {{"id", id},
            {"words", "Kernel code follows the rules of the kernel's own interfaces."},
            {"relied_on_by", ""}};
  if (id == "caller")
    return {{"id", id},
            {"words", "A duty of the callers: the harness is at fault."},
            {"relied_on_by", ""}};
  return nullptr;
}

json ledger_entry(const std::string& key) {
  for (const engine::KnownFinding& finding : engine::ledger())
    if (engine::has_key(finding, key)) {
      json entry = tool::to_json(finding);
      entry["status"] = upstream_status(finding);
      return entry;
    }
  return nullptr;
}

json to_json(const std::vector<ShownStep>& steps) {
  json rows = json::array();
  for (const ShownStep& step : steps)
    rows.push_back({{"number", step.number},
                    {"operation", step.operation},
                    {"outcome", step.outcome},
                    {"cpu", step.cpu},
                    {"suspended_on", step.suspended_on},
                    {"at_fault", step.is_at_fault},
                    {"reached", step.is_reached},
                    {"prefix", step.is_prefix},
                    {"failed", step.failed}});
  return rows;
}

json coverage_of(const ReportedFolder& folder) {
  Subject subject = measure(
      {.inputs = {(folder.path / "corpus").string()}, .kernel = folder.choice.kernel, .html = {}});
  std::map<std::string, json> functions;
  for (const auto& [name, text] : subject.reached.functions)
    functions[name] = {{"function", name}, {"gaps", json::array()}};
  for (const Gap& gap : subject.reached.gaps) {
    json& of = functions[gap.function];
    of["function"] = gap.function;
    of["gaps"].push_back({{"file", gap.file}, {"line", gap.line}, {"text", gap.text}});
  }
  json rows = json::array();
  for (auto& [name, row] : functions) rows.push_back(row);
  const Share& all = subject.reached.all;
  return {{"of", subject.what},
          {"lines", all.lines},
          {"lines_reached", all.lines_reached},
          {"branches", all.branches},
          {"branches_reached", all.branches_reached},
          {"functions", rows}};
}

}  // namespace

class Collector::Impl {
 public:
  Impl(fs::path path, const ModelOptions& options)
      : path_(std::move(path)), options_(options), folder_(read_folder(path_)) {}

  json collect(const OnFindings& on_findings) {
    folder_ = read_folder(path_);
    find_variant();
    const json& summary = folder_.summary;
    json model{{"folder", folder_.path.string()},
               {"is_campaign", folder_.is_campaign},
               {"variant", folder_.variant},
               {"not_run", not_run_},
               {"launcher", launcher()}};
    for (const char* part :
         {"meaning", "expected", "running", "killed", "interrupted", "written", "seconds",
          "time_limit_seconds", "targets", "troubles", "gone", "known", "total", "options", "files",
          "looked_at", "showed_nothing", "complaints"})
      if (summary.contains(part)) model[part] = summary[part];
    std::vector<json> course;
    if (folder_.is_campaign) course = read_course(folder_.path, folder_.variant);
    model["course"] = course;
    model["findings"] = json::array();
    model["differences"] = json::array();
    const std::vector<const StoredFinding*> all = ranked(folder_);
    size_t done = 0;
    for (const StoredFinding* finding : all) {
      on_findings(done++, all.size());
      json row = look_at(*finding);
      for (const json& line : course)
        if (line.value("finding", "") == finding->key) {
          row["first_seen_seconds"] = line.at("seconds");
          break;
        }
      model[finding->is_difference ? "differences" : "findings"].push_back(std::move(row));
    }
    if (options_.coverage) model["coverage"] = coverage_of(folder_);
    return model;
  }

  const ReportedFolder& folder() const { return folder_; }

 private:
  // Without a variant, the page is made from the files alone.
  void find_variant() {
    if (tested_ || !not_run_.empty()) return;
    try {
      tested_ = tested(folder_.choice);
    } catch (const Failure& failure) {
      not_run_ = failure.what();
    }
  }

  json look_at(const StoredFinding& finding) {
    std::error_code none;
    std::string state;
    for (const fs::path& file : {finding.folder / "report.json", finding.reproducer})
      if (fs::is_regular_file(file, none)) state += content_hash(read_file(file));
    state += fmt::format(" {} {}", finding.inputs, content_hash(to_text(confirmation_of(finding))));
    auto& [seen, row] = seen_[finding.folder];
    if (seen != state || row.is_null()) row = describe(finding);
    seen = state;
    return row;
  }

  json describe(const StoredFinding& finding) {
    json row = facts_of(finding);
    row.update({{"difference", finding.is_difference},
                {"target", finding.target},
                {"executions", finding.executions},
                {"inputs", finding.inputs},
                {"folder", finding.folder.string()},
                {"reproducer", finding.reproducer.string()},
                {"promise", promise_of_key(finding.key)},
                {"known", ledger_entry(finding.key)}});
    if (finding.outcome.report) row["report"] = told(*finding.outcome.report);
    std::error_code none;
    const fs::path words = finding.folder / "report.txt";
    if (!finding.outcome.report && fs::is_regular_file(words, none)) row["log"] = read_file(words);
    row["c_source"] = fs::is_regular_file(finding.folder / "reproducer.c", none);
    if (json confirmation = confirmation_of(finding); !confirmation.is_null())
      row["confirm"] = confirmation;
    const fuzz::Target* target = target_named(finding.target);
    if (!target || target->reads_text) {
      std::string text =
          fs::is_regular_file(finding.reproducer, none) ? read_file(finding.reproducer) : "";
      row["input"] = text;
    } else {
      try {
        run(finding, *target, row);
      } catch (const Failure& failure) {
        row["trouble"] = failure.what();
      }
    }
    add_commands(finding, target, row);
    return row;
  }

  void run(const StoredFinding& finding, const fuzz::Target& target, json& row) {
    const Input input = read_input(finding.reproducer);
    row["program"] = print(input.program);
    row["operations"] = input.program.operations.size();
    if (!tested_) return;
    const iova_variant& variant = *tested_->variant;
    IsolateOptions options = Judge(*tested_, false, {}, run_ms)
                                 .options(target, finding.outcome.known_met, finding.is_difference);
    options.record = options.moments = true;
    const bool is_plain = options.known.empty() && !options.expected && !options.tell_differences;
    Outcome outcome = is_plain ? with_moments_.run(variant, input.program)
                               : run_isolated(variant, input.program, options);
    row["shows"] = outcome.key() == finding.key;
    if (outcome.key() != finding.key) {
      row["shows_instead"] = outcome.key();
      return;
    }
    row["cpus"] = cpu_columns(input.program, outcome);
    row["overlaps"] = program::has_pauses(input.program);
    if (!target.compares) row["steps"] = to_json(shown_steps(input.program, outcome, ""));
    if (outcome.report) row["report"] = told(*outcome.report);
    if (!outcome.moments.empty()) row["moments"] = parse_json(outcome.moments);
    if (!outcome.log.empty() && !outcome.report) row["log"] = outcome.log;
    if (finding.is_difference || target.compares) return;
    if (!folder_.choice.kernel.empty())
      row["affected"].push_back({{"name", folder_.choice.kernel}, {"state", "present"}});
    for (const std::string& revision : revisions()) {
      Presence presence =
          presence_on(parse_variant(revision).variant(), input.program, finding.key, recorder_);
      row["affected"].push_back({{"name", revision},
                                 {"state", presence.in_words()},
                                 {"keys", presence.keys},
                                 {"why", presence.why}});
    }
    try {
      KunitSuite suite =
          make_kunit_suite(input.program, variant, parse_variant("fixed").variant(), recorder_);
      row["kunit"] = {{"name", suite.name}, {"source", suite.source}};
    } catch (const Failure& failure) {
      row["kunit"] = {{"why_not", failure.what()}};
    }
  }

  void add_commands(const StoredFinding& finding, const fuzz::Target* target, json& row) const {
    json commands = json::array();
    auto add = [&](const char* what, const std::string& command) {
      commands.push_back({{"what", what}, {"command", command}});
    };
    const std::string file = quoted(finding.reproducer.string());
    const std::string options = folder_.choice.options();
    auto with = [&](const char* name) {
      return fmt::format("{} {} {}{}", launcher(), name, options, file);
    };
    add("Replay", finding.replay);
    if (target && !target->reads_text && !target->compares && !finding.is_difference) {
      add("Each operation with its result", with("show"));
      if (!finding.is_minimal) add("Minimize", with("minimize"));
      add("Confirm on a booted Linux",
          folder_.choice.kernel.empty()
              ? fmt::format("{} confirm --shown-on {} {}", launcher(), quoted(variant_word()), file)
              : with("confirm"));
      add("Mail for the kernel's mailing list", with("mail"));
      add("Write the KUnit test", with("kunit"));
      if (row["c_source"] == true) add("Write a C reproducer", with("reproducer"));
      add("Affected releases, from a git clone",
          fmt::format("{} affected --repo ~/linux {}", launcher(), file));
      add("First bad commit, from a git clone",
          fmt::format("{} bisect {} --repo ~/linux --good v6.8 --bad v6.9", launcher(), file));
    }
    row["commands"] = commands;
  }

  // The variant in the form that parse_variant() reads.
  std::string variant_word() const {
    const VariantChoice& choice = folder_.choice;
    return choice.defect.empty() ? choice.revision : choice.revision + "+" + choice.defect;
  }

  fs::path path_;
  ModelOptions options_;
  ReportedFolder folder_;
  std::optional<TestedVariant> tested_;
  Recorder recorder_{{.timeout_ms = run_ms}};
  Recorder with_moments_{{.moments = true, .timeout_ms = run_ms}};
  std::string not_run_;  // why programs cannot be run; "" if they can
  std::map<fs::path, std::pair<std::string, json>> seen_;
};

Collector::Collector(fs::path folder, const ModelOptions& options)
    : impl_(std::make_unique<Impl>(std::move(folder), options)) {}
Collector::~Collector() = default;
json Collector::collect(const OnFindings& on_findings) { return impl_->collect(on_findings); }

std::string mail_of_finding(const fs::path& path, const std::string& key) {
  const ReportedFolder folder = read_folder(path);
  std::vector<std::string> keys;
  for (const auto& [finding, variant] : folder.findings) {
    keys.push_back(finding.key);
    if (finding.key != key) continue;
    return mail_of(read_input(finding.reproducer).program, folder.choice.variant(),
                   parse_variant("fixed").variant());
  }
  throw Failure(unknown_word("finding", key, keys));
}

}  // namespace tool
