// SPDX-License-Identifier: GPL-2.0-only
// list: prints the code's own tables.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/oracles.h"
#include "engine/promises.h"
#include "fuzz/targets.h"
#include "iova/revision.h"
#include "program/dictionary.h"
#include "program/forms.h"
#include "program/operation.h"
#include "tool/replay/known.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/targets.h"
#include "tool/support/words.h"
#include "tool/variants/port.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

json targets() {
  json rows = json::array();
  for (const fuzz::Target* target : fuzz::targets)
    rows.push_back({{"name", target->name}, {"purpose", target->purpose}});
  return rows;
}

json operations() {
  json rows = json::array();
  for (const program::OperationSpec& op : program::operations()) {
    json operands = json::array();
    for (const program::OperandSpec& operand : op.operands) {
      const program::RoleSpec& role = program::spec(operand.role);
      operands.push_back({{"name", role.key}, {"meaning", role.meaning}});
    }
    rows.push_back({{"name", op.name},
                    {"calls", op.function},
                    {"purpose", op.meaning},
                    {"skipped", op.contract},
                    {"operands", operands}});
  }
  return rows;
}

json oracles() {
  json rows = json::array();
  for (auto all : {shim::oracles(), engine::oracles(), program::oracles()})
    for (const shim::Oracle* oracle : all)
      rows.push_back({{"name", oracle->id},
                      {"purpose", oracle->rule},
                      {"recoverable", oracle->recoverable},
                      {"severity", shim::name(oracle->severity)},
                      {"promise", engine::promise_of(oracle->id)},
                      {"views", engine::views_of(oracle->id)}});
  return rows;
}

json revisions() {
  json rows = json::array();
  for (const port::Behaviour& b : port::behaviours) {
    std::string in;
    for (const port::NamedRevision& revision : port::named_revisions)
      if (b.since <= revision.version)
        in += fmt::format("{}{}", in.empty() ? "" : " ", revision.name);
    std::string since = b.since == port::not_upstream
                            ? b.repairs
                            : fmt::format("v{}.{}", b.since.version, b.since.patchlevel);
    rows.push_back({{"name", b.flag},
                    {"purpose", b.meaning},
                    {"revisions", in},
                    {"commit", b.commit},
                    {"since", since}});
  }
  return rows;
}

json defects() {
  json rows = json::array();
  for (const port::DefectInfo& defect : port::defects)
    rows.push_back({{"name", name_of(defect)},
                    {"purpose", defect.meaning},
                    {"commit", defect.commit},
                    {"needs", defect.needs}});
  return rows;
}

json known() {
  json rows = json::array();
  for (const engine::KnownFinding& finding : engine::ledger()) rows.push_back(to_json(finding));
  return rows;
}

void print_known(const char* title, const json&) {
  fmt::print("{}\n", title);
  for (const engine::KnownFinding& finding : engine::ledger()) {
    fmt::print("  {}: {}\n{}", finding.id, finding.title, describe(finding, "    "));
    const bool is_of_port = !finding.affected.empty();
    fmt::print("    revisions: {}; review due by {}\n",
               is_of_port ? fmt::format("{}", fmt::join(finding.affected, ", "))
                          : "none of the port, only older kernel trees",
               finding.expires);
    for (const std::string& key : finding.keys) fmt::print("    key: {}\n", key);
    fmt::print("    {}\n",
               show_command(finding, is_of_port ? "--revision " + finding.affected.back() + " "
                                                : "--kernel TREE "));
  }
  fmt::print("\n");
}

void print_rows(const char* title, const json& rows) {
  fmt::print("{}\n", title);
  size_t width = 0;
  for (const json& row : rows)
    width = std::max(width, row["name"].get_ref<const std::string&>().size());
  for (const json& row : rows) {
    std::string text = row["purpose"];
    if (std::string views = row.value("views", ""); !views.empty()) {
      if (size_t space = views.find(' '); space != views.npos) views.replace(space, 1, " and ");
      text += views == "all" ? " [needs all views]" : fmt::format(" [needs a view of {}]", views);
    }
    if (row.contains("revisions"))
      text += fmt::format(" [{}; {}, {}]", row["revisions"].get<std::string>(),
                          row["commit"].get<std::string>(), row["since"].get<std::string>());
    if (row.contains("needs")) {
      text += fmt::format(" [{}", row["commit"].get<std::string>());
      std::string needs = row["needs"];
      text += (needs.empty() ? "" : "; with " + needs) + "]";
    }
    if (row.contains("calls") && !row["calls"].get<std::string>().empty())
      text += fmt::format(" ({}())", row["calls"].get<std::string>());
    fmt::print("  {:<{}}  {}\n", row["name"].get<std::string>(), width, text);
    if (!row.contains("operands")) continue;
    for (const json& operand : row["operands"])
      fmt::print("  {:<{}}    {}: {}\n", "", width, operand["name"].get<std::string>(),
                 operand["meaning"].get<std::string>());
    if (std::string why = row["skipped"]; !why.empty())
      fmt::print("  {:<{}}    skipped if {}\n", "", width, why);
  }
  fmt::print("\n");
}

// Prints a row per behaviour in which revisions differ.
void print_revisions(const char* title, const json& rows) {
  std::string names;
  for (const port::NamedRevision& revision : port::named_revisions)
    names += fmt::format("{}{}", names.empty() ? ": " : ", ", revision.name);
  print_rows((title + names).c_str(), rows);
}

std::string judged_by(const engine::Promise& promise) {
  if (*promise.judged_by) return std::string(" ") + promise.judged_by;
  std::string text;
  for (const shim::Oracle* oracle : engine::oracles())
    if (engine::promise_of(oracle->id) == promise.id) text += fmt::format(" `{}`", oracle->id);
  return text.empty() ? " nothing yet" : text;
}

// Known issues of Linux that break the promise, each with its first release.
std::string broken_by(const engine::Promise& promise) {
  std::string text;
  for (const engine::KnownFinding& known : engine::ledger())
    for (const std::string& key : known.keys)
      if (engine::promise_of(engine::oracle_of(key)) == promise.id) {
        text += fmt::format("{} `{}` ({})", text.empty() ? "" : ",", known.id, known.since);
        break;
      }
  return text.empty() ? " –" : text;
}

// Prints a Markdown table for docs/contract.md.
void print_promises() {
  fmt::print("| id | of | promise | who relies on it | broken by, since | judged by |\n"
             "|---|---|---|---|---|---|\n");
  for (const engine::Promise& promise : engine::promises())
    fmt::print("| {} | {} | {} | {} |{} |{} |\n", promise.id, promise.of, promise.words,
               promise.relied_on_by, broken_by(promise), judged_by(promise));
}

// The comment at the beginning of a seed, without the license.
std::string story_in(const fs::path& seed) {
  std::string story;
  for (const std::string& line : lines_of(read_file(seed))) {
    if (!line.starts_with("# ")) break;
    if (line.find("SPDX-License-Identifier") != line.npos) continue;
    story += (story.empty() ? "" : " ") + line.substr(2);
  }
  return story;
}

json seeds(const std::string& target) {
  if (!target.empty()) find_target(target);
  json rows = json::array();
  for (const fuzz::Target* each : fuzz::targets) {
    if (!target.empty() && target != each->name) continue;
    const fs::path folder = source_folder() / "corpus" / each->name;
    if (!fs::exists(folder)) continue;
    for (const FoundFile& seed : find_files({folder.string()}))
      rows.push_back({{"name", fmt::format("corpus/{}/{}", each->name, seed.name.string())},
                      {"purpose", story_in(seed.path)}});
  }
  return rows;
}

void print_seeds(const json& rows) {
  for (const json& row : rows)
    fmt::print("{}\n{}", row["name"].get<std::string>(),
               in_lines(row["purpose"].get<std::string>(), 100, "  "));
}

struct Arguments {
  std::string what, name;
  bool json = false;
};

int list(const Arguments& arguments) {
  const std::string& what = arguments.what;
  if (what == "dictionary") {
    const fuzz::Target& target = find_target(arguments.name);
    fmt::print("{}", program::dictionary(target.name, target.operations, target.reads_text));
    return nothing_new;
  }
  if (what == "promises") {
    print_promises();
    return nothing_new;
  }
  if (what == "seeds") {
    const json rows = seeds(arguments.name);
    if (arguments.json)
      fmt::print("{}", to_text(json{{"seeds", rows}}));
    else
      print_seeds(rows);
    return nothing_new;
  }
  struct Section {
    const char* name;
    json (*rows)();
    void (*print)(const char* title, const json& rows);
  };
  constexpr Section sections[] = {
      {"targets", targets, print_rows}, {"operations", operations, print_rows},
      {"oracles", oracles, print_rows}, {"revisions", revisions, print_revisions},
      {"defects", defects, print_rows}, {"known", known, print_known}};
  json all;
  for (const Section& section : sections) {
    if (!what.empty() && what != section.name) continue;
    all[section.name] = section.rows();
    if (!arguments.json) section.print(section.name, all[section.name]);
  }
  if (all.is_null()) {
    std::vector<std::string> names{"dictionary", "promises", "seeds"};
    for (const Section& section : sections) names.push_back(section.name);
    throw Failure(unknown_word("list", what, names));
  }
  if (arguments.json) fmt::print("{}", to_text(all));
  return nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line(
      "list",
      "lists targets, operations, oracles, promises, revisions, defects, known issues or seeds");
  line.option(
      "WHAT", arguments.what,
      "targets, operations, oracles, promises, revisions, defects, known, seeds [TARGET], or "
      "dictionary TARGET");
  line.option("TARGET", arguments.name, "target of the seeds or the dictionary");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz list known", "lists the known issues and the revisions that have them");
  return line.run(argc, argv, [&] { return list(arguments); });
}
