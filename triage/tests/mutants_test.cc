// SPDX-License-Identifier: GPL-2.0-only
// The mutants command on kernel trees: a few mutants, on the seeds alone.
#include <algorithm>
#include <set>

#include "tool/support/command_test.h"
#include "tool/variants/kernel_tree.h"

namespace fs = std::filesystem;
namespace tool {
namespace {

json mutants(const TemporaryFolder& out, const char* kernel, const char* sample,
             const char* jobs = "1") {
  return tool_json({"mutants", "--kernel", kernel, "--sample", sample, "--time", "0", "--jobs",
                    jobs, "--out", out.path().string()});
}

TEST(MutantsLong, AreJudgedBySeedsAndCounted) {
  TemporaryFolder out;
  json summary = mutants(out, "debian:6.12", "4", "2");
  ASSERT_EQ(summary["results"].size(), 4u) << to_text(summary);
  size_t killed = 0, survived = 0;
  for (const json& row : summary["results"]) {
    if (row["result"] == "breaks a promise" || row["result"] == "differs only") {
      killed++;
      EXPECT_EQ(row["stage"], "seeds") << to_text(row);
      EXPECT_NE(row["key"], "");
      EXPECT_TRUE(fs::exists(source_folder() / row["source"].get<std::string>()));
    }
    survived += row["result"] == "survived";
    EXPECT_EQ(row["steps"] > 0, row["result"] == "survived") << to_text(row);
  }
  EXPECT_GT(killed, 0u) << to_text(summary);
  EXPECT_EQ(summary["total"]["survived"], survived);
  EXPECT_GT(summary["possible"], 200);
  EXPECT_EQ(parse_json(read_file(out.path() / "mutants.json")), summary);

  // Existing verdicts are reused.
  std::string verdicts = read_file(out.path() / "verdicts.json");
  EXPECT_EQ(mutants(out, "debian:6.12", "4"), summary);
  EXPECT_EQ(read_file(out.path() / "verdicts.json"), verdicts);
}

TEST(MutantsLong, OfAnotherTreeAreToldWithTheirLines) {
  TemporaryFolder out;
  CommandResult result = tool({"mutants", "--kernel", "debian:6.1", "--sample", "2", "--time", "0",
                               "--jobs", "1", "--out", out.path().string()});
  EXPECT_LT(result.status, 2) << result.output;
  EXPECT_NE(result.output.find("2/2 drivers/iommu/iova.c:"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("2 of "), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find("survivors:") != std::string::npos, result.status == 1);
}

// A tree whose iova.c contains one function; the rest is in an included file.
class SmallTree {
 public:
  explicit SmallTree(const std::string& body) {
    KernelTree tree = find_kernel_tree("debian:6.12");
    for (const KernelFile& file : kernel_files()) {
      make_folder((path() / file.path).parent_path());
      if (fs::exists(tree.folder / file.path))
        fs::copy_file(tree.folder / file.path, path() / file.path);
    }
    std::string rest = read_file(path() / iova), shape = rest;
    std::string head = "\nfree_iova_fast(";
    rest.replace(rest.find(head), head.size(), "\nfree_fast_of_the_rest(");
    write_file(path() / "drivers/iommu/rest.h", rest);
    // The probe recognizes the tree's revision from the text of this file.
    for (size_t at = 0; (at = shape.find("*/", at)) != std::string::npos;)
      shape.insert(at + 1, " ");
    write_file(path() / iova, "#include \"drivers/iommu/rest.h\"\n"
                              "void free_iova_fast(struct iova_domain *iovad, unsigned long pfn,\n"
                              "                    unsigned long size)\n{\n" +
                                  body + "}\n/*\n" + shape + "*/\n");
  }
  const fs::path& path() const { return folder_.path(); }
  static constexpr const char iova[] = "drivers/iommu/iova.c";

 private:
  TemporaryFolder folder_;
};

TEST(Mutants, EachComesToWhatItsChangeMakesOfTheTree) {
  SmallTree tree("unsigned long unused = pfn;\n"
                 "_Static_assert(3 != 2, \"\");\n"
                 "unused = size;\n"
                 "if (size == 4000000000)\n"
                 "size = pfn;\n"
                 "free_fast_of_the_rest(iovad, pfn, size);\n");
  TemporaryFolder out;
  json summary = mutants(out, tree.path().c_str(), "0");
  std::multiset<std::string> results;
  std::string key;  // key of the mutant that deletes the free
  for (const json& row : summary["results"]) {
    std::string change = row["operator"], before = row["before"], after = row["after"];
    results.insert(row["result"].get<std::string>() + ": " + change + ": " +
                   (change == "deleted" ? before : after));
    if (change == "deleted" && before.starts_with("free_fast")) key = row["key"];
  }
  EXPECT_EQ(results,
            (std::multiset<std::string>{
                "same code: deleted: _Static_assert(3 != 2, \"\");",
                "same code: constant: _Static_assert(4 != 2, \"\");",
                "not compiled: constant: _Static_assert(3 != 3, \"\");",
                "not compiled: relational: _Static_assert(3 == 2, \"\");",
                "same code: deleted: unused = size;",
                "breaks a promise: relational: if (size != 4000000000)",
                "breaks a promise: negated: if (!(size == 4000000000))",
                "survived: constant: if (size == 4000000001)", "survived: deleted: size = pfn;",
                "breaks a promise: deleted: free_fast_of_the_rest(iovad, pfn, size);"}));
  // An oracle kills it, and not only the comparison.
  EXPECT_FALSE(key.starts_with("variants-differ")) << key;
  EXPECT_EQ(summary["total"], (json{{"mutants", 10},
                                    {"not_compiled", 2},
                                    {"same_code", 3},
                                    {"killed", {{"seeds", 3}}},
                                    {"breaks_promise", 3},
                                    {"survived", 2},
                                    {"score", 0.6}}));
  EXPECT_EQ(summary["functions"]["free_iova_fast"], summary["total"]);
  size_t diffs = 0;
  for (const auto& entry : fs::directory_iterator(out.path() / "survivors")) {
    diffs++;
    CommandResult applied = run_command(
        {"git", "-C", tree.path().string(), "apply", "--check", entry.path().string()}, false);
    EXPECT_EQ(applied.status, 0) << applied.output;
  }
  EXPECT_EQ(diffs, 2u);
}

// The suite notices lost ranges, but no sizes that it does not request.
TEST(MutantsLong, SuiteIsScoredBesideTheSeeds) {
  SmallTree tree("free_fast_of_the_rest(iovad, pfn, size);\n"
                 "if (size == 4000000000)\nsize = pfn;\n");
  TemporaryFolder out;
  const std::string suite =
      out.write("suite.c", "#include <kunit/test.h>\n#include <linux/iova.h>\n"
                           "static void gives_back(struct kunit *test) {\n"
                           "struct iova_domain *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);\n"
                           "unsigned long pfn;\n"
                           "KUNIT_ASSERT_EQ(test, iova_cache_get(), 0);\n"
                           "init_iova_domain(d, PAGE_SIZE, 1);\n"
                           "KUNIT_EXPECT_EQ(test, iova_domain_init_rcaches(d), 0);\n"
                           "pfn = alloc_iova_fast(d, 1, 1, true);\n"
                           "KUNIT_EXPECT_EQ(test, pfn, 1);\n"
                           "free_iova_fast(d, pfn, 1);\n"
                           "KUNIT_EXPECT_EQ(test, alloc_iova_fast(d, 1, 1, true), 1);\n"
                           "put_iova_domain(d); iova_cache_put(); }\n"
                           "static struct kunit_case c[] = {KUNIT_CASE(gives_back), {}};\n"
                           "static struct kunit_suite s = {.name = \"s\", .test_cases = c};\n"
                           "kunit_test_suite(s);\n");
  auto judge = [&] {
    return tool_json({"mutants", "--kernel", tree.path().string(), "--sample", "0", "--time", "0",
                      "--jobs", "1", "--out", out.path().string(), "--suite", suite});
  };
  json summary = judge();
  std::multiset<std::string> killed;
  for (const json& row : summary["results"])
    if (row["suite"]["result"] == "killed") {
      killed.insert(row["before"]);
      EXPECT_EQ(row["suite"]["by"], "gives_back");
    }
  EXPECT_EQ(killed, std::multiset<std::string>{"free_fast_of_the_rest(iovad, pfn, size);"})
      << to_text(summary);
  EXPECT_EQ(summary["total"]["suite"]["killed"], 1);
  EXPECT_EQ(judge(), summary);  // reuses the verdicts
  CommandResult told = tool({"mutants", "--kernel", tree.path().string(), "--sample", "0", "--time",
                             "0", "--jobs", "1", "--out", out.path().string(), "--suite", suite});
  EXPECT_NE(told.output.find("suite.c kills 1 of the "), std::string::npos) << told.output;
}

TEST(Mutants, WhatCannotBeDoneIsTold) {
  CommandResult result = tool({"mutants"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.output, "iovafuzz: mutants needs a kernel tree: --kernel TREE\n");
  result = tool({"mutants", "--kernel", "debian:6.12", "--time", "1 fortnight"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
}

}  // namespace
}  // namespace tool
