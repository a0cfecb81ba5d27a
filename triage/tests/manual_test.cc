// SPDX-License-Identifier: GPL-2.0-only
// Manual, completions and the launcher's answers agree with the commands.
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

// `test` installs GoogleTest later than `run` builds, which must not discard the build.
TEST(Launcher, BuildsAnewWhenWhatItBuiltWithChangesOnly) {
  TemporaryFolder folder;
  fs::path bin = folder.path() / "bin", installed = folder.path() / "installed";
  fs::path before = folder.path() / "before";
  fs::create_directory(bin);
  write_file(bin / "dpkg-query", "#!/bin/sh\nfor name; do grep \"^${name%%[*]*}\" '" +
                                     installed.string() + "'; done\n");
  write_file(bin / "apt-get", "#!/bin/sh\n");
  for (const char* name : {"dpkg-query", "apt-get"})
    fs::permissions(bin / name, fs::perms::owner_all);
  const std::string functions = (source_folder() / "cmake/install.sh").string();
  auto bash = [&](const std::string& script) {
    return run_command({"env", "PATH=" + bin.string() + ":/usr/bin:/bin", "bash", "-c",
                        "set -euo pipefail; . '" + functions + "'\n" + script},
                       false)
        .status;
  };
  auto builds_anew = [&](const std::string& root, const std::string& packages) {
    write_file(installed, packages);
    return bash("is_all_among '" + before.string() + "' \"$(made_with " + root + " " +
                cxx_compiler() + ")\"") != 0;
  };
  EXPECT_TRUE(builds_anew("/here", "libfmt-dev 9\n")) << "nothing is known of it";
  ASSERT_EQ(bash("made_with /here " + cxx_compiler() + " >'" + before.string() + "'"), 0);
  EXPECT_FALSE(builds_anew("/here", "libfmt-dev 9\n"));
  EXPECT_FALSE(builds_anew("/here", "libfmt-dev 9\nlibgtest-dev 1.12\n"));
  EXPECT_TRUE(builds_anew("/here", "libfmt-dev 10\nlibgtest-dev 1.12\n"));
  EXPECT_TRUE(builds_anew("/here", "libgtest-dev 1.12\n"));
  EXPECT_TRUE(builds_anew("/here", "libfmt-dev 9\nlibstdc++-14-dev 14\n"));
  EXPECT_TRUE(builds_anew("/there", "libfmt-dev 9\n"));
}

// Otherwise the next build would run concurrently.
TEST(Launcher, BuildEndsWithWhoAskedForIt) {
  TemporaryFolder folder;
  fs::path pid = folder.path() / "pid", log = folder.path() / "log";
  write_file(folder.path() / "build.ninja", "rule wait\n  command = echo $$$$ >'" + pid.string() +
                                                "'; exec sleep 600\nbuild all: wait\n");
  write_file(
      folder.path() / "CMakeCache.txt",
      "CMAKE_PROJECT_NAME:STATIC=x\nCMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_MAKE_PROGRAM:FILEPATH=" +
          must_run({"sh", "-c", "command -v ninja"}));
  const std::string build = "'" + (source_folder() / "cmake/build.sh").string() + "' '" +
                            folder.path().string() + "' '" + log.string() + "' all & build=$!\n" +
                            "until [ -s '" + pid.string() + "' ]; do sleep 0.1; done\n";
  const std::string runs = "kill -0 $(cat '" + pid.string() + "')";
  for (const char* ending : {"kill -TERM $build", "kill -HUP $build", "exit 0"}) {
    fs::remove(pid);
    CommandResult result = run_command(
        {"timeout", "60", "bash", "-c", build + runs + " && echo started && " + ending}, false);
    EXPECT_NE(result.output.find("started"), std::string::npos) << read_file(log);
    // ninja ends its compilers after it receives the signal.
    EXPECT_EQ(run_command({"timeout", "60", "bash", "-c",
                           "while " + runs + " 2>/dev/null; do sleep 0.1; done"},
                          false)
                  .status,
              0)
        << ending;
  }
}

// Uses a fake cmake that fails if another one runs in the same folder.
TEST(Launcher, OneConfiguresWhatTwoBegin) {
  TemporaryFolder folder;
  const fs::path programs = folder.path() / "programs", build = folder.path() / "build";
  fs::create_directories(programs);
  fs::create_directories(build / "fuzz/commands");
  write_file(build / "clang", cxx_compiler());
  write_file(programs / "dpkg-query", "#!/bin/sh\necho installed\n");
  write_file(programs / "cmake", fmt::format("#!/bin/sh\n"
                                             "cd '{}/fuzz' && mkdir busy || exit 1\n"
                                             "echo $1 >>../ran\n"
                                             "sleep 1\n"
                                             "touch CMakeCache.txt build.ninja\n"
                                             "cp ../../command commands/iovafuzz-list\n"
                                             "rmdir busy\n",
                                             build.string()));
  write_file(folder.path() / "command", "#!/bin/sh\necho listed\n");
  for (const fs::path& program :
       {programs / "dpkg-query", programs / "cmake", folder.path() / "command"})
    fs::permissions(program, fs::perms::owner_all);
  const std::string list =
      fmt::format("PATH='{}':$PATH IOVAFUZZ_BUILD='{}' '{}' list known", programs.string(),
                  build.string(), (source_folder() / "iovafuzz").string());
  const CommandResult result = run_command({"bash", "-c", list + " & " + list + "; wait"}, false);
  EXPECT_TRUE(result.output.ends_with("listed\nlisted\n")) << result.output;
  EXPECT_EQ(read_file(build / "ran"), "--preset\n--build\n--build\n");
}

// Uses a fake package manager that has every package except one, and installs none.
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
