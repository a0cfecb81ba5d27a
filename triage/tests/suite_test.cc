// SPDX-License-Identifier: GPL-2.0-only
// suite: KUnit suites over the shim, those of this project's own making among them.
#include "tool/support/command_test.h"
#include "tool/variants/kernel_tree.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// A life of a domain in each case; the second gives nothing back, the third has parameters.
constexpr char plain_suite[] = R"(// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/iova.h>

static struct iova_domain *domain(struct kunit *test)
{
	struct iova_domain *iovad = kunit_kzalloc(test, sizeof(*iovad), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, iovad);
	KUNIT_ASSERT_EQ(test, iova_cache_get(), 0);
	init_iova_domain(iovad, PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, iova_shift(iovad), PAGE_SHIFT);
	return iovad;
}

static void lives(struct kunit *test)
{
	struct iova_domain *iovad = domain(test);

	if (!iova_domain_init_rcaches(iovad)) {
		unsigned long pfn = alloc_iova_fast(iovad, 1, 1000, true);

		if (pfn)
			free_iova_fast(iovad, pfn, 1);
	}
	put_iova_domain(iovad);
	iova_cache_put();
}

static void leaves_all(struct kunit *test)
{
	alloc_iova(domain(test), 1, 1000, true);
}

static void gets_one(struct kunit *test)
{
	struct iova_domain *iovad = domain(test);
	const int *size = test->param_value;
	struct iova *iova = alloc_iova(iovad, *size, 1000, true);

	KUNIT_ASSERT_NOT_NULL(test, iova);
	KUNIT_EXPECT_EQ(test, iova_size(iova), *size);
	put_iova_domain(iovad);
	iova_cache_put();
}

static void uses_what_is_gone(struct kunit *test)
{
	struct iova_domain *iovad = domain(test);
	struct iova *iova = alloc_iova(iovad, 1, 1000, true);

	__free_iova(iovad, iova);
	iova->pfn_lo = 7;
}

static const int sizes[] = { 1, 7, 2000 };
static void describe(const int *size, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%d pages", *size);
}
KUNIT_ARRAY_PARAM(size, sizes, describe);

static struct kunit_case cases[] = {
	KUNIT_CASE(lives),
	KUNIT_CASE(leaves_all),
	KUNIT_CASE_PARAM(gets_one, size_gen_params),
	KUNIT_CASE(uses_what_is_gone),
	{}
};
static struct kunit_suite suite = { .name = "plain", .test_cases = cases };
kunit_test_suite(suite);
)";

std::map<std::string, json> by_case(const json& told) {
  std::map<std::string, json> cases;
  for (const json& row : told["cases"]) {
    std::string parameter = row["parameter"];
    cases[row["case"].get<std::string>() + (parameter.empty() ? "" : "/" + parameter)] = row;
  }
  return cases;
}

TEST(Suite, EachCaseIsJudgedByItselfAndByTheShim) {
  TemporaryFolder folder;
  json told = tool_json({"suite", folder.write("plain.c", plain_suite)});
  auto cases = by_case(told);
  ASSERT_EQ(cases.size(), 6u) << to_text(told);
  EXPECT_EQ(cases["lives"]["result"], "passed");
  EXPECT_EQ(cases["leaves_all"]["result"], "finding");
  EXPECT_EQ(cases["gets_one/1 pages"]["result"], "passed");
  EXPECT_EQ(cases["gets_one/7 pages"]["result"], "passed");
  EXPECT_EQ(cases["gets_one/2000 pages"]["result"], "failed");
  // What the suite does to memory is not the allocator's doing.
  if (!sanitizers().empty()) {
    EXPECT_EQ(cases["uses_what_is_gone"]["result"], "misuse") << to_text(told);
  }
  EXPECT_EQ(told["variant"], "port@fixed");
}

TEST(Suite, SpeaksKtap) {
  TemporaryFolder folder;
  CommandResult told = tool({"suite", folder.write("plain.c", plain_suite), "--case", "lives",
                             "--case", "gets_one[2000 pages]"});
  EXPECT_EQ(told.status, 1);
  for (
      const char* line :
      {"KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: plain\n    1..2\n    ok 1 lives\n",
       "        # gets_one: ASSERTION FAILED at ",
       "plain.c:41\n        Expected iova != NULL\n"
       "        not ok 1 2000 pages\n",
       "    # gets_one: pass:0 fail:1 skip:0 total:1\n    not ok 2 gets_one\n",
       "# plain: pass:1 fail:1 skip:0 total:2\nnot ok 1 plain\n"})
    EXPECT_NE(told.output.find(line), std::string::npos) << line << "\n" << told.output;
}

// On the revision whose rcache init does not survive a failed allocation; by the command that is
// told, that one is shown again.
TEST(Suite, WhatAFailedAllocationComesToIsFoundAndShownAgain) {
  TemporaryFolder folder;
  const std::string file = folder.write("plain.c", plain_suite);
  json told = tool_json({"suite", "--revision", "6.12", "--faults", "--case", "lives", file});
  ASSERT_EQ(told["findings"].size(), 1u) << to_text(told);
  const json& finding = told["findings"][0];
  EXPECT_EQ(finding["key"], "slab-free-null:iova_magazine_free:lives:iova_magazine_alloc");
  EXPECT_EQ(finding["known"], "mag-free-null");
  const json& faults = told["cases"][0]["faults"];
  // 24 magazines of two CPUs, alone and with all after each.
  EXPECT_EQ(faults["findings"], 48);
  EXPECT_EQ(faults["runs"], faults["attempts"].get<int>() * 2);
  EXPECT_EQ(faults["misuse"], 0);
  EXPECT_EQ(faults["failed"].get<int>() + faults["passed"].get<int>() + 48, faults["runs"]);
  std::string command = finding["command"];
  size_t at = command.find("--fail ");
  ASSERT_NE(at, std::string::npos) << command;
  CommandResult again = tool({"suite", "--revision", "6.12", "--case", "lives", "--fail",
                              command.substr(at + 7, command.find(' ', at + 7) - at - 7), file});
  EXPECT_EQ(again.status, 1);
  EXPECT_NE(again.output.find("slab-free-null:iova_magazine_free:lives"), std::string::npos);
  // The repaired allocator survives all of them.
  told = tool_json({"suite", "--faults", "--case", "lives", file});
  EXPECT_TRUE(told["findings"].empty()) << to_text(told);
  EXPECT_GT(told["cases"][0]["faults"]["passed"], 0);
}

// A case with more allocations than are wanted: those of each place have a share.
TEST(Suite, FailuresAreSpreadOverPlaces) {
  TemporaryFolder folder;
  json told = tool_json({"suite", "--revision", "6.12", "--faults", "--most", "8", "--case",
                         "lives", folder.write("plain.c", plain_suite)});
  const json& faults = told["cases"][0]["faults"];
  EXPECT_EQ(faults["runs"], 16) << to_text(told);
  EXPECT_GT(faults["findings"], 0);
  EXPECT_LT(faults["findings"], 16);
}

// What kunit writes fails where its program shows something, and passes where that is repaired.
void expect_tells_the_repaired(std::initializer_list<const char*> reproducers) {
  for (const char* reproducer : reproducers) {
    SCOPED_TRACE(reproducer);
    TemporaryFolder folder;
    fs::path program = source_folder() / "corpus" / (std::string(reproducer) + ".iova");
    json written = tool_json({"kunit", "--revision", "6.12", program.string()});
    std::string file = folder.write("suite.c", written["source"].get<std::string>());
    json told = tool_json({"suite", "--revision", "6.12", file});
    ASSERT_EQ(told["cases"].size(), 1u) << to_text(told);
    std::string result = told["cases"][0]["result"];
    EXPECT_TRUE(result == "failed" || result == "finding") << to_text(told);
    told = tool_json({"suite", "--revision", "fixed", file});
    EXPECT_EQ(told["cases"][0]["result"], "passed") << to_text(told);
  }
}

TEST(Suite, WrittenSuitesTellTheBrokenFromTheRepaired) {
  expect_tells_the_repaired({"iova_init_faults/magazine_alloc_fails_in_rcache_init",
                             "iova_rcache/request_larger_than_its_limit_skips_the_rcaches"});
}

TEST(SuiteLong, WrittenSuitesTellTheBrokenFromTheRepaired) {
  expect_tells_the_repaired({"iova_tree/low_limit_failure_leaves_the_hint_alone",
                             "iova_tree/aligned_failure_spares_unaligned_requests",
                             "iova_tree/reservation_fails_before_it_widens_a_range",
                             "iova_api_edges/limit_of_all_pfns",
                             "iova_api_edges/fast_request_gets_pfn_0"});
}

// Over a tree's own code, with its own header; and over the same tree with the repair.
TEST(Suite, TreesAreCalledByTheirOwnNames) {
  TemporaryFolder folder;
  fs::path program = source_folder() / "corpus/iova_init_faults/"
                                       "magazine_alloc_fails_in_rcache_init.iova";
  json written = tool_json({"kunit", "--revision", "6.12", program.string()});
  std::string file = folder.write("suite.c", written["source"].get<std::string>());
  KernelTree tree = find_kernel_tree("debian:6.12");
  constexpr char unchecked[] = "\tkmem_cache_free(iova_magazine_cache, mag);\n";
  constexpr char checked[] = "\tif (mag)\n\t\tkmem_cache_free(iova_magazine_cache, mag);\n";
  // Of the tree with one in the place of the other. Packages move on, and what is as wanted stays.
  auto tree_with = [&](const char* name, const char* wanted, const char* other) -> std::string {
    std::string text = read_file(tree.folder / "drivers/iommu/iova.c");
    const bool is_checked = text.find(checked) != text.npos;
    if (is_checked == (wanted == checked)) return "debian:6.12";
    fs::copy(tree.folder, folder.path() / name, fs::copy_options::recursive);
    write_file(folder.path() / name / "drivers/iommu/iova.c",
               text.replace(text.find(other), strlen(other), wanted));
    return folder.path() / name;
  };
  json told = tool_json({"suite", "--kernel", tree_with("bad", unchecked, checked), file});
  EXPECT_EQ(told["findings"][0]["key"],
            "slab-free-null:iova_magazine_free:iova_slab_free_null:iova_magazine_alloc")
      << to_text(told);
  // By the tree's own path.
  EXPECT_EQ(told["findings"][0]["where"].get<std::string>().find(
                "iova_magazine_free (drivers/iommu/iova.c:"),
            0u);
  told = tool_json({"suite", "--kernel", tree_with("good", checked, unchecked), file});
  EXPECT_EQ(told["cases"][0]["result"], "passed") << to_text(told);
}

TEST(Suite, WhatCannotBeRunIsTold) {
  TemporaryFolder folder;
  auto expect_told = [&](std::vector<std::string> words, const std::string& sentence) {
    words.insert(words.begin(), "suite");
    CommandResult result = tool(words);
    EXPECT_EQ(result.status, 2) << result.output;
    EXPECT_NE(result.output.find(sentence), std::string::npos) << result.output;
    EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
  };
  const std::string begin = "#include <kunit/test.h>\nstatic void f(struct kunit *test) {\n",
                    end = "}\nstatic struct kunit_case c[] = {KUNIT_CASE(f), {}};\n"
                          "static struct kunit_suite s = {.name = \"s\", .test_cases = c};\n"
                          "kunit_test_suite(s);\n";
  const std::string unknown = folder.write("unknown.c", begin + "no_such_call(test);\n" + end);
  expect_told({unknown}, "unknown.c:3: the shim has no no_such_call()");
  expect_told({folder.write("a.c", "#include <linux/no_such.h>\n" + begin + end)},
              "a.c:1: the shim has no linux/no_such.h");
  expect_told({folder.write("b.c", begin + "void extern_call(void); extern_call();\n" + end)},
              "neither the allocator nor the shim has extern_call");
  expect_told({folder.write("c.c", "#include <kunit/test.h>\n")}, "has no suites");
  expect_told({(folder.path() / "none.c").string()}, "none.c");
  const std::string good = folder.write("d.c", begin + end);
  expect_told({good, "--case", "g"}, "unknown case 'g'");
  expect_told({good, "--fail", "1"}, "give one --case");
  // What is not there can be said.
  EXPECT_EQ(tool({"suite", unknown, "--define", "no_such_call(test)=KUNIT_SUCCEED(test)"}).status,
            0);
  EXPECT_EQ(
      tool({"suite", unknown, "--define", "no_such_call(test)=KUNIT_FAIL(test, \"x\")"}).status, 1);
}

}  // namespace
}  // namespace tool
