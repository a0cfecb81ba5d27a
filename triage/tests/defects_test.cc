// SPDX-License-Identifier: GPL-2.0-only
// Planted defects: a program shows each one, and shows nothing without it.
#include <algorithm>

#include "engine/oracles.h"
#include "iova/port_variants.h"
#include "tool/replay/isolate.h"
#include "tool/support/command_test.h"
#include "tool/variants/port.h"
#include "tool/variants/shown_defects.h"

extern "C" __attribute__((weak)) int __asan_report_present(void);

namespace tool {
// Prints the defect in test names.
void PrintTo(const ShownDefect& shown, std::ostream* out) { *out << shown.defect; }

namespace {

class PlantedDefect : public testing::TestWithParam<ShownDefect> {
 protected:
  static void SetUpTestSuite() {
    std::vector<const port::DefectInfo*> all;
    for (const port::DefectInfo& defect : port::defects) all.push_back(&defect);
    build_defects("fixed", all);
  }
  program::Program program() const { return program_of(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Table, PlantedDefect, testing::ValuesIn(shown_defects()),
                         [](const auto& info) {
                           std::string name = info.param.defect;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(PlantedDefect, IsFoundByAProgramThatIsCleanWithoutIt) {
  const iova_variant& fixed = port::fixed::variant;
  const iova_variant& planted = load_port("fixed", &find_defect(GetParam().defect));
  EXPECT_EQ(planted.name, std::string("port@fixed+") + GetParam().defect);
  EXPECT_EQ(run_isolated(fixed, program()).key(), "");
  Outcome outcome = run_isolated(planted, program());
  std::string key = outcome.key();
  const char* oracle = __asan_report_present ? GetParam().oracle : GetParam().without_asan;
  EXPECT_EQ(engine::oracle_of(key), oracle) << key << "\n" << outcome.log;
}

TEST(PlantedDefects, AreAllInTheTable) {
  std::vector<std::string> planted, shown;
  for (const port::DefectInfo& defect : port::defects) planted.push_back(name_of(defect));
  for (const ShownDefect& row : shown_defects()) shown.push_back(row.defect);
  EXPECT_EQ(shown, planted);
}

constexpr const char gap[] =
    "cache_get\ninit\nalloc slot=a unaligned size=10 limit=100\n"
    "alloc slot=b unaligned size=50 limit=100\nfree slot=a\n"
    "alloc slot=b unaligned size=20 limit=100 x2\nalloc unaligned size=10 limit=100\n";
constexpr const char gap_key[] = "spurious-failure:alloc_iova:alloc:none";

TEST(PlantedDefects, AreChosenByTheCommandsThatTakeAVariant) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", gap);
  auto on = [](std::vector<std::string> words, const char* revision = "6.12") {
    words.insert(words.end(), {"--revision", revision, "--defect", "no-second-pass"});
    return words;
  };
  auto shown = tool_json(on({"show", file}));
  EXPECT_EQ(shown["variant"], "port@6.12+no-second-pass");
  EXPECT_EQ(shown["key"], gap_key);
  EXPECT_EQ(tool_json(on({"replay", file}))[0]["keys"], json({{gap_key, 1}}));
  EXPECT_EQ(tool_json(on({"replay", file}, "6.1"))[0]["keys"], json({{gap_key, 1}}));
  EXPECT_EQ(tool_json({"replay", file, "--revision", "6.12"})[0]["keys"], json({{"clean", 1}}));
  std::string other = folder.write("b.iova", "cache_get\ninit\nalloc\n");
  EXPECT_EQ(tool_json(on({"sweep", other}))[0]["variant"], "port@6.12+no-second-pass");
}

TEST(PlantedDefects, AreComparedWithOtherVariants) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", gap);
  auto diff = [&](const char* expected, const char* actual) {
    return tool_json({"diff", "--programs", "0", expected, actual, file});
  };
  auto result = diff("6.12", "6.12+no-second-pass");
  EXPECT_EQ(result["result"], "differ") << to_text(result);
  EXPECT_EQ(result["actual"], "port@6.12+no-second-pass");
  EXPECT_EQ(diff("6.12+no-second-pass", "7.3+no-second-pass")["result"], "same");
}

TEST(PlantedDefects, AreListed) {
  auto rows = tool_json({"list", "defects"})["defects"];
  ASSERT_EQ(rows.size(), std::size(port::defects));
  EXPECT_EQ(rows[0]["name"], "mag-free-null");
  EXPECT_EQ(rows[0]["commit"], "fa8fb60d3637");
  CommandResult listed = tool({"list", "defects"});
  for (const port::DefectInfo& defect : port::defects) {
    EXPECT_NE(listed.output.find("  " + name_of(defect) + " "), std::string::npos);
    EXPECT_NE(listed.output.find(defect.meaning), std::string::npos);
  }
}

TEST(PlantedDefects, ThatAreUnknownAreToldWithTheKnownOnes) {
  std::string sentence = "iovafuzz: unknown defect 'no-third-pass': choose from mag-free-null, ";
  for (std::vector<std::string> words :
       {std::vector<std::string>{"run", "--defect", "no-third-pass"},
        {"diff", "fixed", "fixed+no-third-pass"}}) {
    CommandResult result = tool(words);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.output.substr(0, sentence.size()), sentence);
    EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1);
  }
}

// In a separate build. Old ThreadSanitizer runtimes cannot run with high-entropy address
// randomization.
TEST(PlantedDefectsLong, ThatRaceAreSeenByThreadSanitizerToo) {
  if (cxx_compiler().find("clang") == std::string::npos) GTEST_SKIP() << "clang compiles for it";
  const auto folder =
      build_preset("threads", c_compiler(), cxx_compiler(), {"thread_sanitizer_test"});
  const CommandResult result =
      run_command({"setarch", "-R", (folder / "src/thread_sanitizer_test").string()}, false);
  EXPECT_EQ(result.status, 0) << result.output;
}

// Ranges of an earlier run leave nothing to the next one.
TEST(QueueTimerFlagClearedLate, IsFoundWhateverRanBefore) {
  TemporaryFolder folder;
  const std::string before = folder.write(
      "before.iova", "cpus 2\ncache_get\ninit\ninit_rcaches\nqueue_init\ninit domain=1\n"
                     "init_rcaches domain=1\nqueue_init domain=1\nalloc_fast x2\n"
                     "alloc_fast domain=1\nqueue\nslow\ntick 10\nqueue\nqueue domain=1\n"
                     "tick 10\nflush_done\n");
  const std::string shows = folder.write(
      "shows.iova", "cache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x2\nqueue\nslow\n"
                    "tick 10\nqueue\nflush_done\ntick 10\n");
  const CommandResult result = tool({"replay", "--quiet", "--revision", "fixed", "--defect",
                                     "queue-timer-flag-cleared-late", before, shows});
  EXPECT_NE(result.output.find("queue-overdue:"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace tool
