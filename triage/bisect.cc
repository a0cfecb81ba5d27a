// SPDX-License-Identifier: GPL-2.0-only
// bisect: finds the commit of a clone with which a finding came or went. Tests only commits that
// changed the allocator's files, and needs no checkout.
#include <fmt/core.h>

#include <optional>

#include "tool/replay/input.h"
#include "tool/replay/presence.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/clone.h"

namespace tool {
namespace {

struct Arguments {
  std::string file, key, repo, good, bad;
  bool json = false;
};

int bisect(const Arguments& arguments) {
  const program::Program program = read_input(arguments.file).program;
  const Clone clone(arguments.repo);
  const Commit good = clone.commit(arguments.good), bad = clone.commit(arguments.bad);
  size_t runs = 0;
  std::string key = arguments.key;
  auto presence = [&](const Commit& commit) {
    runs++;
    return presence_on({clone.tree(commit.id)}, program, key)[0];
  };
  auto at_end = [&](const Commit& commit) {
    Presence found = presence(commit);
    if (found.state == Presence::not_built)
      throw Failure(fmt::format("{}: {}", commit.text(), found.why));
    return found;
  };
  Presence at_bad = at_end(bad);
  if (key.empty() && !at_bad.keys.empty()) {
    key = at_bad.keys[0];
    at_bad = about(at_bad, key);
  }
  if (key.empty())
    throw Failure(fmt::format("{} shows no finding on {}", arguments.file, arguments.bad));
  if (at_bad.state != Presence::present)
    throw Failure(fmt::format("{} does not show {} on {}", arguments.file, key, arguments.bad));
  if (at_end(good).state == Presence::present)
    throw Failure(fmt::format("{} shows {} on {}, too: --good must not show it", arguments.file,
                              key, arguments.good));
  // The finding came if GOOD is older than BAD, and went if GOOD is newer.
  const bool came = clone.is_ancestor(good.id, bad.id);
  if (!came && !clone.is_ancestor(bad.id, good.id))
    throw Failure(fmt::format("neither of {} and {} is an ancestor of the other", arguments.good,
                              arguments.bad));
  const std::vector<Commit> changes =
      came ? clone.changes(good.id, bad.id) : clone.changes(bad.id, good.id);
  if (changes.empty()) throw Failure("no commit between them changed the allocator's files");
  const Suspects suspects = find_change(changes.size(), [&](size_t i) -> std::optional<bool> {
    const Presence::State state = presence(changes[i]).state;
    if (state == Presence::not_built) return std::nullopt;
    return (state == Presence::present) == came;
  });
  const Commit& found = changes[suspects.last];
  json others = json::array();
  std::string among;
  for (size_t i = suspects.first; i < suspects.last; i++) {
    others.push_back({{"commit", changes[i].id}, {"subject", changes[i].subject}});
    among += "or by " + changes[i].text() + ", which cannot be built\n";
  }
  if (arguments.json) {
    put(to_text(json{{"key", key},
                     {"came", came},
                     {"commit", found.id},
                     {"subject", found.subject},
                     {"or", others},
                     {"commits", changes.size()},
                     {"runs", runs},
                     {"difference", clone.difference(found.id)}}));
    return nothing_new;
  }
  put(fmt::format(
      "{}\n\n{} by {}\n{}the {} of {} that changed the allocator's files, found in "
      "{}\n\n{}",
      key, came ? "introduced" : "repaired", found.text(), among,
      suspects.last + 1 == changes.size() ? "last" : fmt::format("no. {}", suspects.last + 1),
      counted(changes.size(), "commit"), counted(runs, "run"), clone.difference(found.id)));
  return nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("bisect", "finds the commit that introduced or repaired a finding");
  line.option("FILE", arguments.file, "input that shows the finding").required();
  line.option("--repo CLONE", arguments.repo,
              "git clone of Linux; append ,hz=250 to build its trees that way")
      .required();
  line.option("--good COMMIT", arguments.good, "commit or tag that does not show the finding")
      .required();
  line.option("--bad COMMIT", arguments.bad, "commit or tag that shows the finding").required();
  line.option("--key KEY", arguments.key,
              "finding to look for (default: the first that the input shows)");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz bisect crash.iova --repo ~/linux --good v6.8 --bad v6.9",
               "finds the commit that introduced the finding");
  return line.run(argc, argv, [&] { return bisect(arguments); });
}
