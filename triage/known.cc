// SPDX-License-Identifier: GPL-2.0-only
// known: finds the known issues of an allocator by running their reproducers.
#include <fmt/core.h>

#include <string>
#include <vector>

#include "engine/ledger.h"
#include "tool/replay/issues.h"
#include "tool/replay/known.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  VariantChoice choice;
  bool json = false;
};

int known(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  bool any = false;
  json rows = json::array();
  for (const engine::KnownFinding& issue : engine::ledger()) {
    const IssueState state = state_of(issue, variant);
    const bool is_present = state.state == IssueState::present;
    any |= is_present || state.state == IssueState::other;
    if (arguments.json) {
      json row = to_json(issue);
      row["state"] = state.in_words();
      row["key"] = state.key;
      row["why"] = state.why;
      row["program"] = state.program;
      rows.push_back(row);
      continue;
    }
    std::vector<std::string> more;
    if (is_present) {
      more = {upstream_status(issue)};
      if (!engine::has_key(issue, state.key)) more.push_back("it shows as " + state.key);
      more.push_back(show_command(issue, arguments.choice.options()));
    }
    fmt::print("{}", issue_lines(state.in_words(), issue.id,
                                 state.why.empty() ? issue.title : state.why, more));
    if (!state.program.empty())
      fmt::print("shown by a variation of the reproducer:\n{}", state.program);
  }
  if (arguments.json) fmt::print("{}", to_text(rows));
  return any ? findings : nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("known", "lists the known issues that an allocator has");
  arguments.choice.add_options(line);
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz known --kernel ~/linux",
               "checks a tree; the exit status is 1 if it has any");
  return line.run(argc, argv, [&] { return known(arguments); });
}
