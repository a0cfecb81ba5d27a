// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/shared.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "shim/finding.h"
#include "tool/campaign/screen.h"
#include "tool/campaign/summary.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

fs::path machines_of(const fs::path& shared) { return shared / "machines"; }

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  std::string text;
  for (const char* c = name; *c; c++)
    text += isalnum(static_cast<unsigned char>(*c)) || *c == '-' ? *c : '_';
  return text.empty() ? "machine" : text;
}

json machine_row(const std::string& name, const json& summary) {
  uint64_t executions = 0;
  double speed = 0, cpu = 0;
  for (const json& target : summary.at("targets")) {
    executions += target.at("executions").get<uint64_t>();
    cpu += target.at("cpu_seconds").get<double>();
    if (target.at("state") == "running") speed += target.at("executions_per_second").get<double>();
  }
  const bool is_killed = summary.value("killed", false),
             is_running = summary.value("running", false);
  return {{"name", name},
          {"variant", summary.at("variant")},
          {"state", is_killed    ? "killed"
                    : is_running ? "running"
                                 : "ended"},
          {"written", summary.at("written")},
          {"seconds", summary.at("seconds")},
          {"executions", executions},
          {"executions_per_second", is_running ? speed : 0},
          {"cpu_seconds", cpu},
          {"findings", summary.at("findings").size()}};
}

// Keyed by machine name. A campaign has no summary before its first report.
std::map<std::string, json> summaries(const fs::path& shared) {
  std::map<std::string, json> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(machines_of(shared), none)) {
    try {
      json summary = read_summary(entry.path());
      // Summaries of another version may lack fields.
      machine_row("", summary);
      for (const json& finding : summary.at("findings"))
        for (const char* name : {"key", "headline", "reproducer", "replay", "inputs"})
          finding.at(name);
      all.emplace(entry.path().filename().string(), std::move(summary));
    } catch (const Failure&) {
    } catch (const json::exception&) {
    }
  }
  return all;
}

// Replaces the folder's path on another machine by its path here.
std::string here(std::string text, const std::string& there, const fs::path& folder) {
  if (size_t at = text.find(there); !there.empty() && at != text.npos)
    text.replace(at, there.size(), absolute_path(folder).string());
  return text;
}

}  // namespace

fs::path corpus_of(const fs::path& shared) { return shared / "corpus"; }

bool is_shared(const fs::path& folder) {
  std::error_code none;
  return fs::is_directory(machines_of(folder), none);
}

Membership::Membership(const fs::path& shared) : shared_(shared) {
  const std::string host = host_name();
  for (unsigned number = 1; !lock_; number++) {
    name_ = number == 1 ? host : fmt::format("{}-{}", host, number);
    make_folder(folder());
    lock_ = FileLock::try_to_hold(folder() / "member.lock");
  }
}

Membership::~Membership() = default;

fs::path Membership::folder() const { return machines_of(shared_) / name_; }

unsigned Membership::seed() const {
  return static_cast<unsigned>(std::stoul(content_hash(name_).substr(0, 6), nullptr, 16));
}

std::set<std::string> keys_of_others(const fs::path& shared, const std::string& name,
                                     const std::string& variant) {
  std::set<std::string> keys;
  for (const auto& [other, summary] : summaries(shared)) {
    if (other == name || summary.value("variant", "") != variant) continue;
    for (const json& finding : summary["findings"]) keys.insert(finding.value("key", ""));
  }
  keys.erase("");
  return keys;
}

json shared_summary(const fs::path& shared) {
  const std::map<std::string, json> all = summaries(shared);
  if (all.empty())
    throw Failure(fmt::format("{}: no campaign has written a summary yet", shared.string()));
  json machines = json::array(), findings = json::array();
  std::map<std::pair<std::string, std::string>, size_t> rows;  // index by variant and key
  for (const auto& [name, summary] : all) {
    machines.push_back(machine_row(name, summary));
    for (const json& finding : summary["findings"]) {
      const std::string there = summary.value("folder", "");
      auto [at, is_new] =
          rows.emplace(std::pair(summary.at("variant"), finding.at("key")), findings.size());
      if (is_new)
        findings.push_back(
            {{"key", finding.at("key")},
             {"variant", summary.at("variant")},
             {"headline", finding.at("headline")},
             {"severity", finding.value("severity", "unknown")},
             {"inputs", 0},
             {"machines", json::array()},
             {"reproducer", here(finding.at("reproducer"), there, machines_of(shared) / name)},
             {"replay", here(finding.at("replay"), there, machines_of(shared) / name)}});
      json& row = findings[at->second];
      row["inputs"] = row["inputs"].get<uint64_t>() + finding.at("inputs").get<uint64_t>();
      row["machines"].push_back(name);
    }
  }
  auto rank = [](const json& finding) {
    return std::find_if(std::begin(shim::severities), std::end(shim::severities),
                        [&](shim::Severity one) { return finding["severity"] == shim::name(one); });
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const json& a, const json& b) { return rank(a) < rank(b); });
  return {{"machines", machines}, {"findings", findings}};
}

std::string shared_in_words(const json& summary, size_t columns) {
  const auto text_of = [](const json& row, const char* name) {
    return row.at(name).get<std::string>();
  };
  uint64_t executions = 0, running = 0;
  double speed = 0;
  std::string text;
  for (const json& machine : summary.at("machines")) {
    executions += machine.at("executions").get<uint64_t>();
    speed += machine.at("executions_per_second").get<double>();
    running += machine.at("state") == "running";
    const double age =
        std::max(0.0, std::difftime(std::time(nullptr), machine.at("written").get<time_t>()));
    text += in_lines(
        fmt::format("{}: {}, updated {} ago; {}: {}, {:.0f} a second, {}", text_of(machine, "name"),
                    text_of(machine, "state"), print_time(age), text_of(machine, "variant"),
                    counted(machine.at("executions").get<uint64_t>(), "execution"),
                    machine.at("executions_per_second").get<double>(),
                    counted(machine.at("findings").get<uint64_t>(), "new finding")),
        columns);
  }
  text += in_lines(fmt::format("all: {} of {} running, {}, {:.0f} a second, {}", running,
                               counted(summary.at("machines").size(), "campaign"),
                               counted(executions, "execution"), speed,
                               counted(summary.at("findings").size(), "new finding")),
                   columns);
  size_t number = 0;
  for (const json& finding : summary.at("findings")) {
    std::string by;
    for (const json& name : finding.at("machines"))
      by += (by.empty() ? "" : ", ") + name.get<std::string>();
    text += fmt::format("\n{}. {}\n   {}\n   {}, by {}\n   smallest program: {}\n   replay: {}\n",
                        ++number, text_of(finding, "key"), text_of(finding, "headline"),
                        counted(finding.at("inputs").get<uint64_t>(), "input"), by,
                        quoted(text_of(finding, "reproducer")), text_of(finding, "replay"));
  }
  return text;
}

}  // namespace tool
