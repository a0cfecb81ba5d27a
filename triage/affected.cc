// SPDX-License-Identifier: GPL-2.0-only
// affected: finds the releases that show a finding, the commits that introduced and repaired it,
// and the trees that need the repair.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <map>
#include <set>

#include "engine/ledger.h"
#include "tool/findings/stable.h"
#include "tool/replay/input.h"
#include "tool/replay/known.h"
#include "tool/replay/presence.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/clone.h"
#include "tool/variants/kernel.h"
#include "tool/variants/variants.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Arguments {
  std::string file, key, repo, from = "v4.19", to, fix;
  std::vector<std::string> kernels;
  std::chrono::milliseconds time{0};
  bool json = false;
};

// A release or tree, and the result of the program there.
struct Row {
  std::string name;
  Presence presence;
};

// Key of the ledger entry whose reproducer is this file, or "".
std::string key_in_ledger(const fs::path& file) {
  std::error_code none;
  for (const engine::KnownFinding& issue : engine::ledger())
    if (fs::equivalent(file, source_folder() / "corpus" / issue.reproducer, none))
      return issue.keys[0];
  return "";
}

// The first key on the newest tree that shows anything.
std::string key_shown(const std::vector<Presence>& all) {
  for (size_t i = all.size(); i-- > 0;)
    if (!all[i].keys.empty()) return all[i].keys[0];
  throw Failure("the program shows no finding on any of the trees");
}

// Lists rows, merging adjacent rows with the same result into one line.
std::string in_words(const std::vector<Row>& rows) {
  std::string text;
  for (size_t i = 0; i < rows.size();) {
    size_t end = i + 1;
    auto is_same = [&](const Presence& a, const Presence& b) {
      return a.state == b.state && a.keys == b.keys && a.why == b.why;
    };
    while (end < rows.size() && is_same(rows[i].presence, rows[end].presence)) end++;
    std::string names = rows[i].name;
    if (end - i > 1) names += " .. " + rows[end - 1].name;
    const Presence& presence = rows[i].presence;
    text += fmt::format("{:<24}  {}", names, presence.in_words());
    for (const std::string& key : presence.keys) text += "  " + key;
    if (!presence.why.empty()) text += ": " + presence.why;
    text += "\n";
    i = end;
  }
  return text;
}

json to_json(const Row& row) {
  return {{"name", row.name},
          {"state", row.presence.in_words()},
          {"keys", row.presence.keys},
          {"why", row.presence.why}};
}

// The reason, as half a sentence.
std::string why_not_shown(const Presence& presence) {
  if (presence.state == Presence::not_built)
    return fmt::format("the tree cannot be built: {}", presence.why);
  return presence.why.empty()
             ? "the program shows no finding there"
             : fmt::format("the program is {} there: {}", presence.in_words(), presence.why);
}

// A change between two releases: the finding came or went, and with which commit.
struct Turn {
  Release at;  // the first release after the change
  bool came;
  std::optional<Commit> commit;
};

// The releases of a clone, their results, and the changes between them.
class History {
 public:
  History(const Clone& clone, const program::Program& program, const Arguments& arguments)
      : clone_(clone), program_(program), releases_(clone.releases(arguments.from, arguments.to)) {
    if (releases_.empty())
      throw Failure(fmt::format("{}: the clone has no release tags from {} on", arguments.repo,
                                arguments.from.empty() ? "any" : arguments.from));
    std::vector<KernelTree> trees;
    std::set<std::string> seen;
    for (const Release& release : releases_) {
      KernelTree tree = clone.tree(release.tag);
      if (seen.insert(tree.name).second) trees.push_back(tree);
      names_.push_back(tree.name);
    }
    std::vector<Presence> all = presence_on(trees, program, arguments.key);
    key_ = arguments.key.empty() ? key_shown(all) : arguments.key;
    for (size_t i = 0; i < trees.size(); i++) of_tree_[trees[i].name] = about(all[i], key_);
    for (size_t i = 0; i < releases_.size(); i++) {
      rows_.push_back({releases_[i].tag, of_tree_.at(names_[i])});
      last_of_series_[releases_[i].number[0] * 10'000 + releases_[i].number[1]] = i;
    }
    find_turns();
  }

  const std::string& key() const { return key_; }
  const std::vector<Row>& rows() const { return rows_; }
  const std::vector<Turn>& turns() const { return turns_; }
  size_t trees() const { return of_tree_.size(); }
  const std::vector<Release>& releases() const { return releases_; }
  bool shows(size_t release) const { return rows_[release].presence.state == Presence::present; }
  bool is_built(size_t release) const {
    return rows_[release].presence.state != Presence::not_built;
  }
  // Why a series does not show the finding, as half a sentence. release: the last of the series.
  std::string why_not(size_t release) const {
    const Presence& presence = rows_[release].presence;
    if (presence.state == Presence::not_built || presence.state == Presence::not_applicable)
      return why_not_shown(presence);
    const Release& at = releases_[release];
    const std::array<unsigned, 3> base{at.number[0], at.number[1], 0};
    const Turn *last = nullptr, *later = nullptr;
    for (const Turn& turn : turns_) {
      const bool is_before = turn.at.is_mainline()
                                 ? turn.at.number <= base
                                 : turn.at.series() == at.series() && turn.at.number <= at.number;
      if (is_before)
        last = &turn;
      else if (!later && turn.came && turn.at.is_mainline())
        later = &turn;
    }
    auto by = [](const Turn& turn) {
      return turn.commit ? fmt::format(" by {}", turn.commit->text()) : std::string();
    };
    if (last && !last->came)
      return fmt::format("the fault is repaired since {}{}", last->at.tag, by(*last));
    if (!last && later)
      return fmt::format("the fault was introduced later, in {}{}", later->at.tag, by(*later));
    return "the program shows no finding there";
  }
  // Indices of the last release of each series.
  std::vector<size_t> newest() const {
    std::vector<size_t> all;
    for (const auto& [series, index] : last_of_series_) all.push_back(index);
    return all;
  }

 private:
  Presence presence_of(const std::string& revision) {
    KernelTree tree = clone_.tree(revision);
    auto [at, is_new] = of_tree_.try_emplace(tree.name);
    if (is_new) at->second = presence_on({tree}, program_, key_)[0];
    return at->second;
  }

  // Compares neighbours on the mainline, and on each stable series from its first release.
  void find_turns() {
    std::optional<size_t> mainline;
    std::map<std::string, size_t> in_series;
    for (size_t i = 0; i < releases_.size(); i++) {
      if (!is_built(i)) continue;
      const std::string series = releases_[i].series();
      auto at = in_series.find(series);
      std::optional<size_t> before =
          releases_[i].is_mainline() || at == in_series.end() ? mainline : at->second;
      if (before && shows(*before) != shows(i)) add_turn(*before, i);
      in_series[series] = i;
      if (releases_[i].is_mainline()) mainline = i;
    }
  }

  void add_turn(size_t before, size_t after) {
    Turn turn{releases_[after], shows(after), std::nullopt};
    const std::string &from = releases_[before].tag, &to = releases_[after].tag;
    // If tags were made by hand, a stable series may not descend from the mainline release.
    if (clone_.is_ancestor(from, to)) {
      std::vector<Commit> changes = clone_.changes(from, to);
      if (!changes.empty()) {
        const Suspects found = find_change(changes.size(), [&](size_t i) -> std::optional<bool> {
          const Presence::State state = presence_of(changes[i].id).state;
          if (state == Presence::not_built) return std::nullopt;
          return (state == Presence::present) == turn.came;
        });
        if (found.first == found.last) turn.commit = changes[found.last];
      }
    }
    turns_.push_back(turn);
  }

  const Clone& clone_;
  const program::Program& program_;
  std::vector<Release> releases_;
  std::vector<std::string> names_;  // of the releases' trees
  std::map<std::string, Presence> of_tree_;
  std::map<unsigned, size_t> last_of_series_;
  std::string key_;
  std::vector<Row> rows_;
  std::vector<Turn> turns_;
};

// A patch from a file, or the diff of a commit in the clone.
struct Fix {
  std::string patch;
  std::string words;  // "fa8fb60d3637 ("subject")", the patch's subject, or its file name
  std::optional<Commit> commit = {};
  std::string introduced_by = {};  // from its Fixes: line
};

Fix read_fix(const std::string& word, const Clone* clone) {
  std::error_code none;
  if (!fs::is_regular_file(word, none)) {
    if (!clone)
      throw Failure(
          fmt::format("{}: is not a patch file; for a commit, give its clone: --repo CLONE", word));
    Commit commit = clone->commit(word);
    return {clone->difference(commit.id), commit.text(), commit};
  }
  Fix fix{read_file(word), fs::path(word).filename().string()};
  for (const std::string& line : lines_of(fix.patch)) {
    if (line.starts_with("diff ") || line.starts_with("--- ")) break;
    if (line.starts_with("Fixes: ")) fix.introduced_by = line.substr(7);
    if (line.starts_with("Subject: ")) {
      const size_t end_of_tag = line.find("] ");
      fix.words = line.substr(end_of_tag == line.npos ? 9 : end_of_tag + 2);
    }
  }
  return fix;
}

// The report of the finding on the tree; ignores other findings that occur before it.
std::optional<engine::Report> report_on(const KernelTree& tree, const program::Program& program,
                                        const Presence& presence) {
  IsolateOptions options;
  options.known.assign(presence.keys.begin(), presence.keys.end() - 1);
  return run_isolated(load_kernel(tree), program, options).report;
}

const engine::KnownFinding* issue_of(const std::string& key) {
  for (const engine::KnownFinding& issue : engine::ledger())
    if (std::any_of(issue.keys.begin(), issue.keys.end(),
                    [&](const std::string& one) { return is_same_finding(one, key); }))
      return &issue;
  return nullptr;
}

// The trees that a repair is for, and the facts about the finding.
struct Stable {
  StableFacts facts;
  std::vector<StableTree> trees;

  // Tests the repair on trees that need it, and checks on the others whether it is already applied.
  void try_fix(const RepairTrial& trial, const KernelTree& tree, StableTree& row) {
    row.patched = trial.apply(tree);
    if (row.needs && row.patched->applies())
      row.repaired = trial.try_on(tree, row.patched->tree);
    else if (!row.needs && row.patched->how == Patched::is_there_already)
      row.why_not += row.why_not.empty() ? "it already has the repair" : "";
  }
  json in_json() const {
    json rows = json::array();
    for (const StableTree& tree : trees) rows.push_back(to_json(tree));
    return {{"trees", rows}, {"callers", facts.callers}, {"answer", stable_answer(facts, trees)}};
  }
  std::string in_words() const {
    return "\n" + stable_table(trees) + "\n" + stable_answer(facts, trees);
  }
};

std::string listed(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

Stable stable_of(const Clone& clone, const History& history, const program::Program& program,
                 const Arguments& arguments) {
  const std::vector<Release>& releases = history.releases();
  const Fix fix = read_fix(arguments.fix, &clone);
  RepairTrial trial(fix.patch, program, history.key(), arguments.time);
  Stable stable;
  StableFacts& facts = stable.facts;
  facts.known = issue_of(history.key());
  for (size_t i : history.newest()) {
    KernelTree tree = clone.tree(releases[i].tag);
    StableTree row{releases[i].series() + ".y", releases[i].tag, history.shows(i),
                   history.shows(i) ? "" : history.why_not(i), !history.is_built(i)};
    stable.try_fix(trial, tree, row);
    stable.trees.push_back(row);
    if (!row.needs) continue;
    facts.report = report_on(tree, program, history.rows()[i].presence);
    if (facts.report)
      facts.callers =
          callers_in_grep(clone.grep(releases[i].tag, facts.report->call), facts.report->call);
  }
  facts.introduced_by = fix.introduced_by;
  for (const Turn& turn : history.turns())
    if (turn.came && facts.introduced_in.empty()) {
      facts.introduced_in = turn.at.tag;
      if (turn.commit) facts.introduced_by = turn.commit->text();
    }
  facts.fix = fix.words;
  for (const Release& release : releases)
    if (fix.commit && facts.fixed_in.empty() && release.is_mainline() &&
        clone.is_ancestor(fix.commit->id, release.tag))
      facts.fixed_in = release.tag;
  return stable;
}

int in_clone(const Arguments& arguments, const program::Program& program) {
  Clone clone(arguments.repo);
  History history(clone, program, arguments);
  const std::vector<Release>& releases = history.releases();
  std::vector<std::string> affected, unaffected, unknown;
  for (size_t i : history.newest())
    (history.shows(i)      ? affected
     : history.is_built(i) ? unaffected
                           : unknown)
        .push_back(releases[i].series() + ".y");
  std::optional<Stable> stable;
  if (!arguments.fix.empty()) stable = stable_of(clone, history, program, arguments);

  if (arguments.json) {
    json rows = json::array(), turns = json::array();
    for (const Row& row : history.rows()) rows.push_back(to_json(row));
    for (const Turn& turn : history.turns())
      turns.push_back({{"release", turn.at.tag},
                       {"came", turn.came},
                       {"commit", turn.commit ? turn.commit->id : ""},
                       {"subject", turn.commit ? turn.commit->subject : ""}});
    json all{{"key", history.key()}, {"releases", rows},           {"turns", turns},
             {"affected", affected}, {"not_affected", unaffected}, {"not_known", unknown}};
    if (stable) all["stable"] = stable->in_json();
    put(to_text(all));
    return affected.empty() ? nothing_new : findings;
  }

  std::string text = fmt::format("{}\n\n{}\n", history.key(), in_words(history.rows()));
  text += fmt::format("{}, {} of the allocator's files\n", counted(releases.size(), "release"),
                      counted(history.trees(), "version"));
  for (const Turn& turn : history.turns())
    text += fmt::format("{} in {}{}\n", turn.came ? "introduced" : "repaired", turn.at.tag,
                        turn.commit ? " by " + turn.commit->text() : "");
  text += fmt::format("\nneed the repair: {}\nnot affected: {}\n", listed(affected),
                      listed(unaffected));
  if (!unknown.empty())
    text += fmt::format("unknown, since they cannot be built: {}\n", listed(unknown));
  if (stable) text += stable->in_words();
  put(text);
  return affected.empty() ? nothing_new : findings;
}

// Compares "6.12" in "debian:6.12" with "v6.9" in a ledger entry.
bool is_older(const std::string& version, const std::string& since) {
  std::array<unsigned, 2> a{}, b{};
  return sscanf(version.c_str(), "%u.%u", &a[0], &a[1]) == 2 &&
         sscanf(since.c_str(), "v%u.%u", &b[0], &b[1]) == 2 && a < b;
}

Stable stable_of(const std::vector<std::string>& specs, const std::vector<KernelTree>& trees,
                 const std::vector<Presence>& presences, const std::string& key,
                 const program::Program& program, const Arguments& arguments) {
  const Fix fix = read_fix(arguments.fix, nullptr);
  RepairTrial trial(fix.patch, program, key, arguments.time);
  Stable stable;
  StableFacts& facts = stable.facts;
  facts.known = issue_of(key);
  for (size_t i = 0; i < trees.size(); i++) {
    const Presence& presence = presences[i];
    const std::string version = debian_version(specs[i]);
    StableTree row{specs[i], trees[i].title, presence.state == Presence::present, "",
                   presence.state == Presence::not_built};
    if (!row.needs && facts.known && is_older(version, facts.known->since))
      row.why_not = fmt::format("the fault was introduced later, in {}", facts.known->since);
    stable.try_fix(trial, trees[i], row);
    if (!row.needs && row.why_not.empty()) row.why_not = why_not_shown(presence);
    stable.trees.push_back(row);
    if (!row.needs) continue;
    facts.report = report_on(trees[i], program, presence);
    if (facts.report) facts.callers = callers_in(trees[i], facts.report->call);
  }
  facts.introduced_by = fix.introduced_by;
  if (facts.known && facts.known->since.find(' ') == std::string::npos)
    facts.introduced_in = facts.known->since;
  facts.fix = fix.words;
  return stable;
}

int on_trees(const Arguments& arguments, const program::Program& program) {
  std::vector<std::string> specs = arguments.kernels;
  const bool with_revisions = specs.empty();
  if (specs.empty()) specs = {"debian:6.1", "debian:6.12"};
  std::vector<KernelTree> trees;
  for (const std::string& spec : specs) trees.push_back(find_kernel_tree(spec));
  std::vector<std::string> named;
  if (with_revisions) named = revisions();
  std::vector<Presence> of_port, of_trees = presence_on(trees, program, arguments.key);
  for (const std::string& name : named)
    of_port.push_back(presence_on(parse_variant(name).variant(), program, arguments.key));
  std::string key = arguments.key;
  if (key.empty()) {
    // The newest port revision that shows anything, otherwise the newest tree.
    std::vector<Presence> all = of_trees;
    all.insert(all.end(), of_port.begin(), of_port.end());
    key = key_shown(all);
  }
  std::vector<Row> rows;
  for (size_t i = 0; i < named.size(); i++)
    rows.push_back({"port@" + named[i], about(of_port[i], key)});
  for (size_t i = 0; i < trees.size(); i++) {
    of_trees[i] = about(of_trees[i], key);
    rows.push_back({trees[i].title, of_trees[i]});
  }
  bool any = std::any_of(rows.begin(), rows.end(),
                         [](const Row& row) { return row.presence.state == Presence::present; });
  std::optional<Stable> stable;
  if (!arguments.fix.empty()) stable = stable_of(specs, trees, of_trees, key, program, arguments);
  if (arguments.json) {
    json rows_told = json::array();
    for (const Row& row : rows) rows_told.push_back(to_json(row));
    json all{{"key", key}, {"trees", rows_told}};
    if (stable) all["stable"] = stable->in_json();
    put(to_text(all));
    return any ? findings : nothing_new;
  }
  std::string text = key + "\n\n";
  for (const Row& row : rows) text += in_words({row});
  for (const engine::KnownFinding& issue : engine::ledger())
    if (engine::has_key(issue, key))
      text += fmt::format("\nknown: {}, {}\n", issue.id, upstream_status(issue));
  if (stable) text += stable->in_words();
  put(text);
  return any ? findings : nothing_new;
}

int affected(Arguments arguments) {
  program::Program program = read_input(arguments.file).program;
  if (arguments.key.empty()) arguments.key = key_in_ledger(arguments.file);
  if (arguments.fix.empty() && arguments.time.count())
    throw Failure("--time needs --fix: it limits the comparison of a repaired tree");
  return arguments.repo.empty() ? on_trees(arguments, program) : in_clone(arguments, program);
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("affected", "lists the kernels that show a finding");
  line.option("FILE", arguments.file, "input that shows the finding").required();
  line.option("--key KEY", arguments.key,
              "finding to look for (default: the first that the input shows)");
  line.option(
      "--repo CLONE", arguments.repo,
      "git clone of Linux, all of whose releases are tested; append ,hz=250 to build them that way");
  line.option("--from RELEASE", arguments.from, "first release to test");
  line.option("--to RELEASE", arguments.to, "last release to test (default: the newest)");
  line.option(
      "--fix COMMIT", arguments.fix,
      "repair to try on each tree: a commit of the clone, or a patch file; reports where it is needed, whether it applies, and what it changes");
  line.option(
      "--time", arguments.time,
      "time for random programs on each repaired tree, in addition to the seeds and failing allocations");
  line.option(
          "--kernel TREE", arguments.kernels,
          "kernel tree to test instead of the port and Debian's trees: a path or debian:VERSION; may be repeated")
      .one_at_a_time()
      .excludes("--repo");
  line.flag("--json", arguments.json, "print JSON");
  line.example(
      "iovafuzz affected crash.iova --repo ~/linux --fix fa8fb60d3637",
      "lists the releases with the bug, the commit that introduced it, and where the repair applies");
  return line.run(argc, argv, [&] { return affected(arguments); });
}
