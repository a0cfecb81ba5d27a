// SPDX-License-Identifier: GPL-2.0-only
// Runs the README's command blocks to their end.
#include <regex>
#include <set>
#include <sstream>

#include "fuzz/targets.h"
#include "tool/support/command_test.h"

namespace tool {
namespace {

struct Block {
  std::string heading, commands;
  // Marks of the block: findings, perhaps, long.
  bool finds = false, may_find = false, is_long = false;
};

// Commands that .ci/run runs, one of which runs this test.
std::vector<std::string> commands_of_ci() {
  std::vector<std::string> commands;
  std::istringstream script(read_file(source_folder() / ".ci/run"));
  for (std::string line; std::getline(script, line);)
    if (line.rfind("./iovafuzz ", 0) == 0) commands.push_back(line + "\n");
  return commands;
}

// The ```sh blocks with their marks, except those that CI runs itself.
std::vector<Block> command_blocks(bool that_are_long) {
  std::vector<Block> blocks;
  std::istringstream readme(read_file(source_folder() / "README.md"));
  std::string heading, line;
  bool inside = false;
  while (std::getline(readme, line)) {
    if (line.rfind("## ", 0) == 0) heading = line.substr(3);
    if (line.rfind("```sh", 0) == 0) {
      inside = true;
      auto is_marked = [&](const char* word) { return line.find(word) != line.npos; };
      blocks.push_back(
          {heading, "", is_marked(" findings"), is_marked(" perhaps"), is_marked(" long")});
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back().commands += line + "\n";
    }
  }
  for (const std::string& command : commands_of_ci())
    std::erase_if(blocks, [&](const Block& block) { return block.commands == command; });
  std::erase_if(blocks, [&](const Block& block) { return block.is_long != that_are_long; });
  return blocks;
}

std::string block_name(const testing::TestParamInfo<Block>& info) {
  std::string name = std::to_string(info.index) + "_";
  for (char c : info.param.heading) name += isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

void PrintTo(const Block& block, std::ostream* out) { *out << block.commands; }

class ReadmeBlocks : public testing::TestWithParam<Block> {};
class ReadmeBlocksLong : public ReadmeBlocks {};

// Shortens campaigns that end by time, except in long tests.
std::string with_short_campaigns(const std::string& commands) {
  if (getenv("IOVAFUZZ_LONG")) return commands;
  std::istringstream lines(commands);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("--first") == std::string::npos)
      line = std::regex_replace(line, std::regex("--time ([3-9]|[0-9]{2,})s"), "--time 2s");
    text += line + "\n";
  }
  return text;
}

void expect_success(const Block& block) {
  std::string script = "set -x; cd '" + source_folder().string() + "'\n";
  const std::string commands = with_short_campaigns(block.commands);
  // Status 1 must occur if the block shows findings; status 2 is always a failure.
  script += block.finds ? "trap '[ $? -le 1 ] || exit 2; found=1' ERR\n" + commands +
                              (block.may_find ? "true\n" : "[ \"$found\" = 1 ]\n")
                        : "set -eu -o pipefail\n" + commands;
  CommandResult result = run_command({"bash", "-c", script}, false);
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_P(ReadmeBlocks, CommandsSucceed) { expect_success(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Readme, ReadmeBlocks, testing::ValuesIn(command_blocks(false)),
                         block_name);
TEST_P(ReadmeBlocksLong, CommandsSucceed) { expect_success(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Readme, ReadmeBlocksLong, testing::ValuesIn(command_blocks(true)),
                         block_name);

TEST(Readme, TableNamesEveryTarget) {
  std::set<std::string> told, are;
  const std::string readme = read_file(source_folder() / "README.md");
  const std::regex row("\\n[|] `([a-z_]+)` [|]");
  for (std::sregex_iterator at(readme.begin(), readme.end(), row), end; at != end; ++at)
    told.insert((*at)[1]);
  for (const fuzz::Target* target : fuzz::targets) are.insert(target->name);
  EXPECT_EQ(told, are);
}

TEST(ContinuousIntegration, RunsCommandsOfTheReadme) {
  std::string readme = read_file(source_folder() / "README.md");
  EXPECT_FALSE(commands_of_ci().empty());
  for (const std::string& command : commands_of_ci())
    EXPECT_NE(readme.find("```sh\n" + command + "```"), std::string::npos) << command;
}

}  // namespace
}  // namespace tool
