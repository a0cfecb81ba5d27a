// SPDX-License-Identifier: GPL-2.0-only
// coverage: lists lines and branches of the allocator that seeds or other inputs do not reach.
#include "tool/coverage/coverage.h"

#include <fmt/core.h>

#include <filesystem>

#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"

namespace tool {
namespace {

void print_shares(const Reached& reached) {
  auto line = [](const std::string& name, const Share& share) {
    fmt::print("{:<20} {:>5} of {:>5} lines {:>5} of {:>5} branches\n", name, share.lines_reached,
               share.lines, share.branches_reached, share.branches);
  };
  for (const auto& [file, share] : reached.files)
    line(std::filesystem::path(file).filename().string(), share);
  line("all", reached.all);
}

struct Arguments : Measured {
  bool json = false;
};

json to_json(const Share& share) {
  return {{"lines", share.lines},
          {"lines_reached", share.lines_reached},
          {"branches", share.branches},
          {"branches_reached", share.branches_reached}};
}

json to_json(const Subject& subject) {
  json files = json::object(), gaps = json::array();
  for (const auto& [file, share] : subject.reached.files)
    files[std::filesystem::path(file).filename().string()] = to_json(share);
  for (const Gap& gap : subject.reached.gaps)
    gaps.push_back(
        {{"file", gap.file}, {"line", gap.line}, {"function", gap.function}, {"text", gap.text}});
  return {{"of", subject.what},
          {"all", to_json(subject.reached.all)},
          {"files", files},
          {"not_reached", gaps},
          {"pages", subject.pages}};
}

int report_coverage(const Arguments& arguments) {
  Subject subject = measure(arguments);
  if (arguments.json) {
    fmt::print("{}", to_text(to_json(subject)));
    return nothing_new;
  }
  fmt::print("not reached in {}:\n", subject.what);
  for (const Gap& gap : subject.reached.gaps) fmt::print("{}", describe(gap));
  fmt::print("\n");
  print_shares(subject.reached);
  fmt::print("line by line: {}\n", subject.pages);
  return nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("coverage", "shows which lines and branches of the allocator inputs reach");
  line.option("INPUT", arguments.inputs,
              "input or folder of inputs, such as a campaign's corpus (default: the seeds)");
  line.option("--kernel TREE", arguments.kernel,
              "kernel tree to measure instead of the port: a path or debian:VERSION");
  line.option("--html DIR", arguments.html,
              "folder for the pages (default: a folder of the build)");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz coverage --kernel debian:6.12 .campaign/corpus",
               "shows the coverage of Linux 6.12 by a campaign's corpus");
  return line.run(argc, argv, [&] { return report_coverage(arguments); });
}
