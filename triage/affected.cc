// SPDX-License-Identifier: GPL-2.0-only
// affected: which releases show a finding, which commits brought and repaired it, which trees need
// the repair.
#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "engine/ledger.h"
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
#include "tool/variants/variants.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Arguments {
  std::string file, key, repo, from = "v4.19", to, fix;
  std::vector<std::string> kernels;
  bool json = false;
};

// A release or a tree, and what the program shows there.
struct Row {
  std::string name;
  Presence presence;
};

// Of the ledger's entry that the file is the reproducer of, or "".
std::string key_in_ledger(const fs::path& file) {
  std::error_code none;
  for (const engine::KnownFinding& issue : engine::ledger())
    if (fs::equivalent(file, source_folder() / "corpus" / issue.reproducer, none))
      return issue.keys[0];
  return "";
}

// What the program shows on the newest of the trees on which it shows anything.
std::string key_shown(const std::vector<KernelTree>& trees, const program::Program& program) {
  std::vector<Presence> all = presence_on(trees, program, "");
  for (size_t i = all.size(); i-- > 0;)
    if (!all[i].keys.empty()) return all[i].keys[0];
  throw Failure("the program shows nothing on any of the trees");
}

// Neighbours that show the same, in one line.
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

// From one commit to another the finding came or went: the commit with which it did.
struct Turn {
  Release at;  // the first release with it
  bool came;
  std::optional<Commit> commit;
};

// The releases of a clone, and all that follows from them.
class History {
 public:
  History(const Clone& clone, const program::Program& program, const Arguments& arguments)
      : clone_(clone), program_(program), releases_(clone.releases(arguments.from, arguments.to)) {
    if (releases_.empty())
      throw Failure(fmt::format("{}: has no release tags from {} on", arguments.repo,
                                arguments.from.empty() ? "any" : arguments.from));
    std::vector<KernelTree> trees;
    std::set<std::string> seen;
    for (const Release& release : releases_) {
      KernelTree tree = clone.tree(release.tag);
      if (seen.insert(tree.name).second) trees.push_back(tree);
      names_.push_back(tree.name);
    }
    key_ = arguments.key.empty() ? key_shown(trees, program) : arguments.key;
    std::vector<Presence> all = presence_on(trees, program, key_);
    for (size_t i = 0; i < trees.size(); i++) of_tree_[trees[i].name] = all[i];
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
  // The last release of each series, by index.
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

  // Along the mainline, and along each series from its first release on.
  void find_turns() {
    std::optional<size_t> mainline;
    std::map<std::string, size_t> in_series;
    for (size_t i = 0; i < releases_.size(); i++) {
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
    // A stable series does not grow out of the release before it where tags are made by hand.
    if (clone_.is_ancestor(from, to)) {
      std::vector<Commit> changes = clone_.changes(from, to);
      auto found = std::partition_point(changes.begin(), changes.end(), [&](const Commit& change) {
        return (presence_of(change.id).state == Presence::present) != turn.came;
      });
      if (found != changes.end()) turn.commit = *found;
    }
    turns_.push_back(turn);
  }

  const Clone& clone_;
  const program::Program& program_;
  std::vector<Release> releases_;
  std::vector<std::string> names_;  // of their trees
  std::map<std::string, Presence> of_tree_;
  std::map<unsigned, size_t> last_of_series_;
  std::string key_;
  std::vector<Row> rows_;
  std::vector<Turn> turns_;
};

// How a repair goes on a tree.
struct Repair {
  std::string release;
  const char* applies;               // "as it is", "with fuzz", "does not apply"
  std::optional<Presence> presence;  // of the repaired tree
};

// A patch from a file, or what a commit of the clone changed.
std::string patch_of(const Clone& clone, const std::string& word) {
  std::error_code none;
  return fs::is_regular_file(word, none) ? read_file(word)
                                         : clone.difference(clone.commit(word).id);
}

Repair repair(const Clone& clone, const Release& release, const std::string& patch,
              const program::Program& program, const std::string& key,
              const TemporaryFolder& folder) {
  const fs::path copy = folder.path() / release.tag;
  fs::copy(clone.tree(release.tag).folder, copy, fs::copy_options::recursive);
  std::string file = folder.write("repair.patch", patch);
  for (const auto& [context, words] : {std::pair{"-C3", "as it is"}, {"-C1", "with fuzz"}}) {
    // What is around the folder is no repository of it.
    std::string ceiling = "GIT_CEILING_DIRECTORIES=" + folder.path().string();
    if (run_command({"env", ceiling, "git", "-C", copy.string(), "apply", context, file}, false)
            .status)
      continue;
    KernelTree tree = find_kernel_tree(copy.string());
    return {release.tag, words, presence_on({tree}, program, key)[0]};
  }
  return {release.tag, "does not apply", std::nullopt};
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); i++) text += (i ? ", " : "") + names[i];
  return names.empty() ? "none" : text;
}

int in_clone(const Arguments& arguments, const program::Program& program) {
  Clone clone(arguments.repo);
  History history(clone, program, arguments);
  const std::vector<Release>& releases = history.releases();
  std::vector<std::string> affected, unaffected;
  std::vector<size_t> to_repair;
  for (size_t i : history.newest()) {
    (history.shows(i) ? affected : unaffected).push_back(releases[i].series() + ".y");
    if (history.shows(i)) to_repair.push_back(i);
  }
  std::vector<Repair> repairs;
  TemporaryFolder folder;
  if (!arguments.fix.empty()) {
    std::string patch = patch_of(clone, arguments.fix);
    for (size_t i : to_repair)
      repairs.push_back(repair(clone, releases[i], patch, program, history.key(), folder));
  }

  if (arguments.json) {
    json rows = json::array(), turns = json::array(), repaired = json::array();
    for (const Row& row : history.rows()) rows.push_back(to_json(row));
    for (const Turn& turn : history.turns())
      turns.push_back({{"release", turn.at.tag},
                       {"came", turn.came},
                       {"commit", turn.commit ? turn.commit->id : ""},
                       {"subject", turn.commit ? turn.commit->subject : ""}});
    for (const Repair& one : repairs)
      repaired.push_back({{"release", one.release},
                          {"applies", one.applies},
                          {"state", one.presence ? one.presence->in_words() : ""}});
    put(to_text(json{{"key", history.key()},
                     {"releases", rows},
                     {"turns", turns},
                     {"affected", affected},
                     {"not_affected", unaffected},
                     {"repairs", repaired}}) +
        "\n");
    return affected.empty() ? nothing_new : findings;
  }

  std::string text = fmt::format("{}\n\n{}\n", history.key(), in_words(history.rows()));
  text += fmt::format("{}, {} of the files that matter\n", counted(releases.size(), "release"),
                      counted(history.trees(), "version"));
  for (const Turn& turn : history.turns())
    text += fmt::format("{} in {}{}\n", turn.came ? "introduced" : "repaired", turn.at.tag,
                        turn.commit ? " by " + turn.commit->text() : "");
  text += fmt::format("\nneed the repair: {}\nnot affected: {}\n", listed(affected),
                      listed(unaffected));
  if (!repairs.empty()) text += fmt::format("\n{}:\n", arguments.fix);
  for (const Repair& one : repairs) {
    text += fmt::format("{:<12}  {}", one.release,
                        one.presence ? fmt::format("applies {}", one.applies) : one.applies);
    if (one.presence)
      text += one.presence->state == Presence::clean
                  ? "; then the program is clean"
                  : fmt::format("; then: {}", one.presence->in_words());
    text += "\n";
  }
  put(text);
  return affected.empty() ? nothing_new : findings;
}

int on_trees(const Arguments& arguments, const program::Program& program) {
  std::vector<std::string> specs = arguments.kernels;
  const bool with_revisions = specs.empty();
  if (specs.empty()) specs = {"debian:6.1", "debian:6.12"};
  std::vector<KernelTree> trees;
  for (const std::string& spec : specs) trees.push_back(find_kernel_tree(spec));
  std::vector<std::string> named;
  if (with_revisions) named = revisions();
  std::string key = arguments.key;
  for (size_t i = named.size(); key.empty() && i-- > 0;)
    key = first_key(parse_variant(named[i]).variant(), program);
  if (key.empty()) key = key_shown(trees, program);
  std::vector<Row> rows;
  for (const std::string& name : named)
    rows.push_back({"port@" + name, presence_on(parse_variant(name).variant(), program, key)});
  std::vector<Presence> of_trees = presence_on(trees, program, key);
  for (size_t i = 0; i < trees.size(); i++) rows.push_back({trees[i].title, of_trees[i]});
  bool any = std::any_of(rows.begin(), rows.end(),
                         [](const Row& row) { return row.presence.state == Presence::present; });
  if (arguments.json) {
    json all = json::array();
    for (const Row& row : rows) all.push_back(to_json(row));
    put(to_text(json{{"key", key}, {"trees", all}}) + "\n");
    return any ? findings : nothing_new;
  }
  std::string text = key + "\n\n";
  for (const Row& row : rows) text += in_words({row});
  for (const engine::KnownFinding& issue : engine::ledger())
    if (engine::has_key(issue, key))
      text += fmt::format("\nknown: {}, {}\n", issue.id, upstream_status(issue));
  put(text);
  return any ? findings : nothing_new;
}

int affected(Arguments arguments) {
  program::Program program = read_input(arguments.file).program;
  if (arguments.key.empty()) arguments.key = key_in_ledger(arguments.file);
  if (!arguments.fix.empty() && arguments.repo.empty())
    throw Failure("--fix needs the clone that it is for: give --repo CLONE");
  return arguments.repo.empty() ? on_trees(arguments, program) : in_clone(arguments, program);
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("affected", "tells which kernels show a finding");
  line.option("FILE", arguments.file, "an input that shows it").required();
  line.option("--key", arguments.key, "the finding, instead of what the input shows first");
  line.option("--repo", arguments.repo,
              "a git clone of Linux: on all of its releases; with ,hz=250 behind it, built so");
  line.option("--from", arguments.from, "first release of the clone");
  line.option("--to", arguments.to, "last release of the clone, instead of the newest");
  line.option("--fix", arguments.fix,
              "a patch, or a commit of the clone, to try where it is needed");
  line.option("--kernel", arguments.kernels,
              "path of a kernel tree, or debian:VERSION, instead of the port and Debian's")
      .one_at_a_time()
      .excludes("--repo");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz affected crash.iova --repo ~/linux --fix fa8fb60d3637",
               "who has the bug, since when, and does the repair apply there?");
  return line.run(argc, argv, [&] { return affected(arguments); });
}
