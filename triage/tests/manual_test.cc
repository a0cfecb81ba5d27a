// SPDX-License-Identifier: GPL-2.0-only
// What users read of the commands without building them is what the commands say.
#include <fmt/format.h>

#include <set>

#include "tool/support/command_test.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const char* part : {"help", "completion"})
    for (const auto& entry : fs::directory_iterator(folder / part))
      names.insert(part + ("/" + entry.path().filename().string()));
  return names;
}

TEST(Manual, IsWhatTheCommandsSay) {
  TemporaryFolder fresh;
  fs::path docs = source_folder() / "docs";
  must_run({(docs / "generate.sh").string(), (build_folder() / "commands").string(),
            fresh.path().string()});
  std::set<std::string> names = names_in(fresh.path());
  EXPECT_EQ(names_in(docs), names);
  names.insert("iovafuzz.1");
  names.insert("contract.md");
  for (const std::string& name : names)
    EXPECT_TRUE(fs::exists(docs / name) && read_file(docs / name) == read_file(fresh.path() / name))
        << "docs/" << name << " is not what docs/generate.sh makes";
}

TEST(Manual, EachCommandHasAnExample) {
  for (const auto& entry : fs::directory_iterator(source_folder() / "docs/help"))
    EXPECT_NE(read_file(entry.path()).find("\nExamples:\n  iovafuzz "), std::string::npos)
        << entry.path();
}

// The launcher answers these without a build.
TEST(Launcher, AnswersWordsWithoutABuild) {
  TemporaryFolder nowhere;
  auto launch = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"env", "IOVAFUZZ_BUILD=" + (nowhere.path() / "build").string(),
                                 (source_folder() / "iovafuzz").string()});
    return run_command(words, false);
  };
  EXPECT_EQ(launch({}).status, 2);
  EXPECT_EQ(launch({"--help"}).status, 0);
  EXPECT_EQ(launch({"run", "--help"}).output, read_file(source_folder() / "docs/help/run.txt"));
  EXPECT_EQ(launch({"help", "corpus", "merge"}).output,
            read_file(source_folder() / "docs/help/corpus-merge.txt"));
  EXPECT_EQ(launch({"--version"}).status, 0);
  for (auto [typed, meant] : std::vector<std::pair<std::string, std::string>>{
           {"runn", "run"}, {"shwo", "show"}, {"mimimize", "minimize"}, {"covarage", "coverage"}}) {
    CommandResult result = launch({typed});
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.output.find("did you mean '" + meant + "'?"), std::string::npos)
        << result.output;
  }
  EXPECT_NE(launch({"corpus", "mergge"}).output.find("corpus merge"), std::string::npos);
  EXPECT_EQ(launch({"frobnicate"}).status, 2);
  const std::string help = launch({"--help"}).output;
  for (const auto& entry : fs::directory_iterator(source_folder() / "docs/help")) {
    std::string name = entry.path().stem().string();
    if (name.starts_with("corpus-") || name.starts_with("bench-")) name[name.find('-')] = ' ';
    EXPECT_NE(help.find("  " + name + " "), std::string::npos) << name;
  }
  EXPECT_FALSE(fs::exists(nowhere.path() / "build"));
}

TEST(Launcher, SaysTwoWhereItCannotBuild) {
  CommandResult result = run_command(
      {"env", "IOVAFUZZ_BUILD=/proc/iovafuzz", (source_folder() / "iovafuzz").string(), "list"},
      false);
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("IOVAFUZZ_BUILD"), std::string::npos) << result.output;
}

// With a package manager that has every other package, and installs none.
TEST(Launcher, AsksForWhatTheCommandTakesWhereverItsOptionsStand) {
  TemporaryFolder folder;
  auto asks_for = [&](const char* package, std::vector<std::string> command) {
    const fs::path has = folder.path() / "dpkg-query";
    write_file(has, fmt::format("#!/bin/sh\ncase $* in *' {}') exit 1 ;; esac\necho installed\n",
                                package));
    write_file(folder.path() / "apt-get", "#!/bin/sh\nexit 1\n");
    for (const char* program : {"dpkg-query", "apt-get"})
      fs::permissions(folder.path() / program, fs::perms::owner_all);
    command.insert(command.begin(),
                   {"env", fmt::format("PATH={}:{}", folder.path().string(), getenv("PATH")),
                    "IOVAFUZZ_BUILD=" + (folder.path() / "build").string(),
                    (source_folder() / "iovafuzz").string()});
    const CommandResult result = run_command(command, false);
    EXPECT_EQ(result.status, 2) << result.output;
    return result.output.find(package) != std::string::npos;
  };
  EXPECT_TRUE(asks_for("qemu-system-x86", {"confirm", "--machine", "qemu", "a"}));
  EXPECT_TRUE(asks_for("qemu-system-x86", {"confirm", "a", "--machine=qemu"}));
  EXPECT_TRUE(asks_for("flex", {"test", "--long"}));
  EXPECT_TRUE(asks_for("flex", {"test", "--only", "a", "--long"}));
}

}  // namespace
}  // namespace tool
