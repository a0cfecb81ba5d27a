// SPDX-License-Identifier: GPL-2.0-only
// Tests affected and bisect on a clone made of Debian's trees and altered trees.
#include "tool/support/command_test.h"
#include "tool/variants/clone.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr char reproducer[] = "corpus/iova_init_faults/magazine_alloc_fails_in_rcache_init.iova";
constexpr char unchecked[] = "\tkmem_cache_free(iova_magazine_cache, mag);\n";
constexpr char checked[] = "\tif (mag)\n\t\tkmem_cache_free(iova_magazine_cache, mag);\n";

std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

class AffectedClone : public testing::Test {
 protected:
  // v6.1; v6.12 with the bug in the second of three commits; v6.12.1; v6.13 with the repair; v6.14,
  // which does not compile.
  static void SetUpTestSuite() {
    folder = new TemporaryFolder;
    git({"init", "-q", "-b", "master"});
    take("debian:6.1");
    commit("Linux 6.1", "v6.1");
    append("/* nothing */\n");
    commit("iova: a comment");
    take("debian:6.12");
    replace(checked, unchecked);
    commit("iova: a cache for magazines");
    write_file(folder->path() / "unrelated", "x");
    commit("something else");
    append("/* nothing more */\n");
    commit("iova: another comment", "v6.12");
    git({"checkout", "-q", "-b", "stable"});
    append("/* stable */\n");
    commit("iova: a comment for stable", "v6.12.1");
    git({"checkout", "-q", "master"});
    replace(unchecked, checked);
    write_file(folder->path() / "unrelated_too", "y");
    fs::remove(folder->path() / "unrelated");
    commit("iova: NULL is no magazine", "v6.13");
    git({"checkout", "-q", "-b", "broken"});
    append("#error\n");
    commit("iova: does not compile", "v6.14");
    git({"checkout", "-q", "master"});
    // Removes a blob, as in a partial clone.
    const std::string blob = git({"rev-parse", "v6.12:unrelated"});
    fs::remove(folder->path() / ".git/objects" / blob.substr(0, 2) / blob.substr(2, 38));
  }
  static void TearDownTestSuite() { delete folder; }

  static std::string clone() { return folder->path().string(); }
  static std::string git(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", clone(), "-c", "user.name=n", "-c", "user.email=e"});
    return must_run(words);
  }
  static std::string state() { return git({"status", "--porcelain"}) + git({"rev-parse", "HEAD"}); }
  static void take(const std::string& spec) {
    KernelTree tree = find_kernel_tree(spec);
    for (const KernelFile& file : kernel_files()) {
      fs::remove(folder->path() / file.path);
      if (!fs::exists(tree.folder / file.path)) continue;
      make_folder((folder->path() / file.path).parent_path());
      write_file(folder->path() / file.path, read_file(tree.folder / file.path));
    }
  }
  static void append(const std::string& text) { write_file(source(), read_file(source()) + text); }
  // Replaces text if it is there; Debian's packages change.
  static void replace(const std::string& from, const std::string& to) {
    std::string text = read_file(source());
    size_t at = text.find(from);
    if (at != std::string::npos) write_file(source(), text.replace(at, from.size(), to));
  }
  static void commit(const std::string& subject, const std::string& tag = "") {
    git({"add", "-A"});
    git({"commit", "-q", "-m", subject});
    if (!tag.empty()) git({"tag", tag});
  }
  static fs::path source() { return folder->path() / "drivers/iommu/iova.c"; }

  static std::string program() { return (source_folder() / reproducer).string(); }

  static inline TemporaryFolder* folder;
};

using AffectedCloneLong = AffectedClone;

TEST_F(AffectedClone, IsToldReleaseByReleaseWithTheCommits) {
  const std::string before = state();
  const json told = tool_json({"affected", program(), "--repo", clone()});
  EXPECT_EQ(told["key"], bug_key) << to_text(told);
  std::map<std::string, std::string> states;
  for (const auto& row : told["releases"]) states[row["name"]] = row["state"];
  EXPECT_EQ(states, (std::map<std::string, std::string>{{"v6.1", "clean"},
                                                        {"v6.12", "present"},
                                                        {"v6.12.1", "present"},
                                                        {"v6.13", "clean"},
                                                        {"v6.14", "cannot be built"}}));
  ASSERT_EQ(told["turns"].size(), 2u) << to_text(told);
  EXPECT_EQ(told["turns"][0]["release"], "v6.12");
  EXPECT_EQ(told["turns"][0]["came"], true);
  EXPECT_EQ(told["turns"][0]["subject"], "iova: a cache for magazines");
  EXPECT_EQ(told["turns"][1]["came"], false);
  EXPECT_EQ(told["turns"][1]["subject"], "iova: NULL is no magazine");
  EXPECT_EQ(told["affected"], json({"6.12.y"}));
  EXPECT_EQ(told["not_affected"], json({"6.1.y", "6.13.y"}));
  EXPECT_EQ(told["not_known"], json({"6.14.y"}));
  EXPECT_EQ(state(), before);
}

TEST_F(AffectedCloneLong, RepairIsTriedOnEachTree) {
  const std::string before = state();
  const json told = tool_json({"affected", program(), "--repo", clone(), "--fix", "master"});
  const json& trees = told["stable"]["trees"];
  ASSERT_EQ(trees.size(), 4u) << to_text(told);
  EXPECT_EQ(
      trees[0]["why_not"].get<std::string>().find("the fault was introduced later, in v6.12 by "),
      0u)
      << to_text(trees);
  EXPECT_EQ(trees[0]["patch"], "does not apply");
  EXPECT_EQ(trees[1]["name"], "6.12.y");
  EXPECT_EQ(trees[1]["tried_on"], "v6.12.1");
  EXPECT_EQ(trees[1]["patch"], "applies as is");
  EXPECT_EQ(trees[1]["state"], "clean");
  EXPECT_EQ(trees[1]["clean"], true);
  // Each allocation fails alone, and with all after it.
  EXPECT_GT(trees[1]["failures"]["runs"], 20);
  EXPECT_EQ(trees[1]["failures"]["clean"], trees[1]["failures"]["runs"]);
  EXPECT_GT(trees[1]["seeds"]["no_longer_show_it"].size(), 0u);
  EXPECT_LT(trees[1]["seeds"]["no_longer_show_it"].size(), trees[1]["seeds"]["run"]);
  EXPECT_TRUE(trees[1]["seeds"]["changed"].empty()) << to_text(trees);
  EXPECT_EQ(trees[2]["patch"], "is already applied");
  EXPECT_EQ(trees[2]["why_not"].get<std::string>().find("the fault is repaired since v6.13 by "),
            0u);
  const std::string answer = in_one_line(told["stable"]["answer"]);
  for (const char* words :
       {"(\"iova: a cache for magazines\") Cc: stable@vger.kernel.org # v6.12+ ",
        "(\"iova: NULL is no magazine\"), upstream in v6.13: ",
        "6.12.y needs it. 6.1.y is not affected, because the fault",
        "It is unknown whether 6.14.y needs it, because the tree cannot be built: ",
        "The patch applies as is to 6.12.y.",
        "iommu_dma_init_domain() in drivers/iommu/dma-iommu.c", "Severity: memory-safety."})
    EXPECT_NE(answer.find(words), std::string::npos) << words << "\n" << answer;
  EXPECT_EQ(state(), before);
}

TEST_F(AffectedClone, IsToldInASentenceEach) {
  CommandResult told =
      tool({"affected", program(), "--repo", clone(), "--from", "v6.12", "--to", "v6.13"});
  EXPECT_EQ(told.status, 1);
  for (const char* line :
       {"v6.12 .. v6.12.1          present  ", "v6.13                     clean",
        "repaired in v6.13 by ", "need the repair: 6.12.y\n", "not affected: 6.13.y\n"})
    EXPECT_NE(told.output.find(line), std::string::npos) << line << "\n" << told.output;
  EXPECT_EQ(told.output.find("introduced"), std::string::npos) << told.output;
}

TEST_F(AffectedClone, PatchThatDoesNotApplyIsTold) {
  TemporaryFolder patches;
  std::string patch = patches.write(
      "a.patch",
      "--- a/drivers/iommu/iova.c\n+++ b/drivers/iommu/iova.c\n@@ -1,1 +1,1 @@\n-no\n+yes\n");
  json told = tool_json({"affected", program(), "--repo", clone(), "--fix", patch});
  EXPECT_EQ(told["stable"]["trees"][1]["patch"], "does not apply") << to_text(told);
  const std::string answer = in_one_line(told["stable"]["answer"]);
  EXPECT_NE(answer.find("does not apply to 6.12.y: it needs a backport"), std::string::npos)
      << answer;
  patch = patches.write("b.patch", "--- a/kernel/fork.c\n+++ b/kernel/fork.c\n"
                                   "@@ -1,1 +1,1 @@\n-no\n+yes\n");
  told = tool_json({"affected", program(), "--repo", clone(), "--fix", patch});
  EXPECT_EQ(told["stable"]["trees"][1]["patch"], "does not touch the allocator");
}

// If a repair changes other behaviour, seeds that run differently reveal it.
TEST_F(AffectedCloneLong, RepairThatChangesMoreIsTold) {
  git({"checkout", "-q", "-b", "clumsy", "v6.12.1"});
  replace(unchecked, checked);
  replace("iovad->max32_alloc_size = size;", "iovad->max32_alloc_size = size - 1;");
  commit("iova: repairs too much");
  git({"checkout", "-q", "master"});
  json told =
      tool_json({"affected", program(), "--repo", clone(), "--from", "v6.12", "--fix", "clumsy"});
  const json& row = told["stable"]["trees"][0];
  EXPECT_EQ(row["state"], "clean") << to_text(row);
  EXPECT_GT(row["seeds"]["changed"].size() + row["seeds"]["new"].size(), 0u) << to_text(row);
}

TEST_F(AffectedClone, BisectFindsWhatBroughtItAndWhatRepairedIt) {
  json came =
      tool_json({"bisect", program(), "--repo", clone(), "--good", "v6.1", "--bad", "v6.12"});
  EXPECT_EQ(came["subject"], "iova: a cache for magazines") << to_text(came);
  EXPECT_EQ(came["came"], true);
  EXPECT_EQ(came["commits"], 3);  // the commit that changes other files is not tested
  json went =
      tool_json({"bisect", program(), "--repo", clone(), "--good", "v6.13", "--bad", "v6.12"});
  EXPECT_EQ(went["subject"], "iova: NULL is no magazine") << to_text(went);
  EXPECT_NE(went["difference"].get<std::string>().find("+\tif (mag)\n"), std::string::npos);
}

TEST_F(AffectedClone, WhatCannotBeDoneIsTold) {
  auto expect_told = [&](std::vector<std::string> words, const std::string& sentence) {
    CommandResult result = tool(words);
    EXPECT_EQ(result.status, 2) << result.output;
    EXPECT_NE(result.output.find(sentence), std::string::npos) << result.output;
  };
  TemporaryFolder empty;
  expect_told({"affected", program(), "--repo", empty.path().string()}, "is not a git clone");
  expect_told({"affected", program(), "--repo", clone(), "--from", "v9.9"}, "has no release tags");
  expect_told({"affected", program(), "--repo", clone(), "--from", "6.12"},
              "6.12: is not a release: use the form v6.12");
  expect_told({"affected", program(), "--fix", "master"}, "is not a patch file");
  expect_told({"affected", program(), "--time", "1s"}, "--time needs --fix");
  expect_told({"bisect", program(), "--repo", clone(), "--good", "v6.12", "--bad", "v6.13"},
              "shows no finding on v6.13");
  expect_told({"bisect", program(), "--repo", clone(), "--good", "v6.12.1", "--bad", "v6.12"},
              "on v6.12.1, too");
  expect_told({"bisect", program(), "--repo", clone(), "--good", "none", "--bad", "v6.12"},
              "has no commit none");
}

TEST(Affected, TellsRevisionsAndTreesWithoutAClone) {
  json told = tool_json({"affected", (source_folder() / reproducer).string()});
  std::map<std::string, std::string> states;
  for (const auto& row : told["trees"]) states[row["name"]] = row["state"];
  EXPECT_EQ(states["port@6.1"], "clean") << to_text(told);
  EXPECT_EQ(states["port@6.12"], "present");
  EXPECT_EQ(states["port@fixed"], "clean");
  EXPECT_EQ(told["trees"].size(), states.size());
}

// A patch in mail format, on trees without a clone.
TEST(Affected, PatchIsTriedOnTreesWithoutAClone) {
  TemporaryFolder folder;
  KernelTree tree = find_kernel_tree("debian:6.12");
  const fs::path iova = "drivers/iommu/iova.c";
  for (const char* side : {"a", "b"}) make_folder(folder.path() / side / iova.parent_path());
  std::string text = read_file(tree.folder / iova);
  if (size_t at = text.find(checked); at != text.npos)
    GTEST_SKIP() << "linux-source-6.12 has the repair by now";
  write_file(folder.path() / "a" / iova, text);
  write_file(folder.path() / "b" / iova,
             text.replace(text.find(unchecked), strlen(unchecked), checked));
  CommandResult diff = run_command(
      {"git", "-C", folder.path().string(), "diff", "--no-index", "--no-prefix", "a", "b"}, false);
  const std::string patch = folder.write(
      "a.patch", "Subject: [PATCH v2] iova: NULL is no magazine\n\nFixes: 84e6f56be9c6 "
                 "(\"caches\")\n---\n" +
                     diff.output);
  CommandResult told =
      tool({"affected", (source_folder() / reproducer).string(), "--fix", patch, "--time", "1s"});
  EXPECT_EQ(told.status, 1);
  for (const char* words :
       {"debian:6.1     no        does not apply", "debian:6.12    yes       applies as is",
        "Fixes: 84e6f56be9c6 (\"caches\")\nCc: stable@vger.kernel.org # v6.9+\n",
        "iova: NULL is no magazine:\n",
        "debian:6.12 needs it. debian:6.1 is not affected, because the fault", "random program"})
    EXPECT_NE(in_one_line(told.output).find(in_one_line(words)), std::string::npos) << words << "\n"
                                                                                    << told.output;
}

}  // namespace
}  // namespace tool
