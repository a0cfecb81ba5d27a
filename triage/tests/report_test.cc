// SPDX-License-Identifier: GPL-2.0-only
// Tests report on a triage, on a campaign, and on other folders.
#include <fmt/core.h>

#include <map>
#include <regex>

#include "tool/campaign/course.h"
#include "tool/page/page_check_test.h"
#include "tool/support/command_test.h"
#include "tool/support/failure.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr char lower_limit_key[] = "hint-lower-limit:alloc_iova:alloc:none";

// Triages the findings of programs on a variant.
void triage_into(const fs::path& out, const std::vector<std::string>& variant,
                 const std::vector<std::string>& programs) {
  TemporaryFolder crashes;
  size_t number = 0;
  for (const std::string& program : programs)
    crashes.write(fmt::format("{}.iova", number++), program);
  std::vector<std::string> words{"triage", "--times", "1", "--out", out.string()};
  words.insert(words.end(), variant.begin(), variant.end());
  words.push_back(crashes.path().string());
  CommandResult result = tool(words);
  ASSERT_LT(result.status, 2) << result.output;
}

std::string page_of_folder(const fs::path& folder, int status = nothing_new) {
  CommandResult result = tool({"report", folder.string()});
  EXPECT_EQ(result.status, status) << result.output;
  const std::string page = read_file(folder / "report.html");
  EXPECT_EQ(flaw_of_page(page), "");
  return page;
}

std::vector<json> findings_of(const json& model) { return model.at("findings"); }

TEST(Report, ShowsWhatEachFindingIs) {
  TemporaryFolder out;
  const std::string evil = "# </script><img src=x onerror=alert(1)>\n";
  triage_into(out.path(), {"--revision", "6.12"},
              {evil + bug, "cache_get\ninit\nalloc size=64 limit=30\nalloc size=64\n"});
  const json model = tool_json({"report", out.path().string()});
  EXPECT_FALSE(fs::exists(out.path() / "report.html"));
  const std::vector<json> found = findings_of(model);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]["key"], bug_key);  // memory safety sorts before wrong results
  EXPECT_EQ(found[1]["key"], lower_limit_key);
  const json &memory = found[0], &hint = found[1];

  EXPECT_EQ(memory["known"]["id"], "mag-free-null");
  EXPECT_EQ(memory["steps"].back()["at_fault"], true);
  EXPECT_EQ(memory["report"]["callers"].back()["function"], "iova_domain_init_rcaches");
  EXPECT_NE(memory["kunit"]["source"].get<std::string>().find("kunit_test_suite"),
            std::string::npos);
  std::map<std::string, std::string> states;
  for (const json& row : memory["affected"]) states[row["name"]] = row["state"];
  EXPECT_EQ(states["6.12"], "present");
  EXPECT_EQ(states["fixed"], "clean");

  // The domain before the call and at the finding, with the request.
  const json &before = hint["moments"]["before"], &now = hint["moments"]["now"];
  EXPECT_EQ(now["call"]["function"], "alloc_iova");
  EXPECT_EQ(now["call"]["granted"], false);
  for (const json* moment : {&before, &now}) {
    ASSERT_EQ((*moment)["domains"].size(), 1u);
    EXPECT_EQ((*moment)["domains"][0]["shown"]["nodes"].size(), 0u);
  }

  const std::string page = page_of_folder(out.path());
  EXPECT_EQ(page.find("<img"), std::string::npos);
  for (const char* part : {"class=\"map\"", "limit_pfn", "max32_alloc_size", "iova_magazine_free()",
                           "rcache init frees NULL magazines", "kunit_test_suite", "broken promise",
                           " replay --revision 6.12 "})
    EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST(Report, HasAColumnForEachCpuWhereOperationsOverlap) {
  TemporaryFolder out;
  triage_into(out.path(), {"--defect", "tree-unlocked-before-insertion"},
              {"cpus 2\ncache_get\ninit\npause 4\nalloc size=3\nalloc size=3\n"});
  const std::vector<json> found = findings_of(tool_json({"report", out.path().string()}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["cpus"], 2);
  const std::string page = page_of_folder(out.path(), findings);
  EXPECT_NE(page.find("<th>CPU 0</th><th>CPU 1</th>"), std::string::npos);
  EXPECT_NE(page.find("No KUnit test can show it"), std::string::npos);
  EXPECT_NE(page.find("two owners: "), std::string::npos);
}

TEST(Report, ShowsWhatABootedKernelSaid) {
  TemporaryFolder out;
  triage_into(out.path(), {"--revision", "6.12"}, {bug});
  const json row = findings_of(tool_json({"report", out.path().string()})).at(0);
  write_file(fs::path(row["folder"].get<std::string>()) / "confirm.json",
             to_text(json{{"kernel", "debian:6.12 (6.12.1)"},
                          {"verdict", "the same failure"},
                          {"words", "BUG: kernel NULL pointer dereference <0>"}}));
  const std::string page = page_of_folder(out.path());
  EXPECT_NE(page.find("Booted Linux"), std::string::npos);
  EXPECT_NE(page.find("BUG: kernel NULL pointer dereference &lt;0&gt;"), std::string::npos);
}

TEST(Report, PrintsTheMailOfAFinding) {
  TemporaryFolder out;
  triage_into(out.path(), {"--revision", "6.12"}, {bug});
  CommandResult mail = tool({"report", out.path().string(), "--mail", bug_key});
  EXPECT_EQ(mail.status, 1) << mail.output;
  EXPECT_EQ(mail.output.find("Subject: iommu/iova: rcache init frees NULL magazines"), 0u);
  CommandResult typo = tool({"report", out.path().string(), "--mail", "slab-fre-null"});
  EXPECT_EQ(typo.status, 2);
  EXPECT_NE(typo.output.find("unknown finding"), std::string::npos) << typo.output;
}

// A killed campaign in which nothing ran: only the folder's files exist.
void write_campaign(const fs::path& folder) {
  const json point{{"variant", "port@fixed"},
                   {"run", 1},
                   {"seconds", 2.0},
                   {"executions", 1000},
                   {"edges", 80},
                   {"corpus", 9},
                   {"findings", 0}};
  json later = point;
  later["seconds"] = 60.0;
  later["executions"] = 40'000;
  append_to_course(folder, point);
  write_file(folder / "progress.jsonl",
             read_file(folder / "progress.jsonl") + "{\"variant\": \"po\n");
  append_to_course(folder, later);
  json other = later;
  other["variant"] = "port@6.12";
  append_to_course(folder, other);
  write_file(folder / "summary.json",
             to_text(json{{"variant", "port@fixed"},
                          {"meaning", "the port"},
                          {"expected", "nothing"},
                          {"options", ""},
                          {"running", true},
                          {"interrupted", false},
                          {"written", 0},
                          {"seconds", 60.0},
                          {"time_limit_seconds", nullptr},
                          {"targets", json::array({{{"target", "iova_tree"},
                                                    {"engine", "libfuzzer"},
                                                    {"state", "running"},
                                                    {"executions", 40'000},
                                                    {"executions_per_second", 700.5},
                                                    {"edges", 80},
                                                    {"corpus", 9},
                                                    {"quiet_seconds", 3.0},
                                                    {"new", 0}}})},
                          {"findings", json::array()}}));
}

TEST(Report, ShowsHowACampaignWent) {
  TemporaryFolder folder;
  write_campaign(folder.path());
  CommandResult result =
      tool({"report", folder.path().string(), "--out", (folder.path() / "page.html").string()});
  EXPECT_EQ(result.status, 0) << result.output;
  const std::string page = read_file(folder.path() / "page.html");
  EXPECT_EQ(flaw_of_page(page), "");
  EXPECT_NE(page.find("Nothing was found."), std::string::npos);
  EXPECT_NE(page.find("Executions<b>40 000</b>"), std::string::npos);
  EXPECT_NE(page.find("iova_tree"), std::string::npos);
  // Nobody holds the lock, so the campaign was killed.
  EXPECT_NE(page.find("state-killed"), std::string::npos);
  EXPECT_EQ(page.find("data-refresh"), std::string::npos);
  const json course = tool_json({"report", folder.path().string()})["course"];
  EXPECT_EQ(course.size(), 2u) << to_text(course);
}

TEST(Report, RefusesWhatIsNoCampaignInOneSentence) {
  TemporaryFolder folder;
  auto refused = [&](const fs::path& path, const char* why) {
    CommandResult result = tool({"report", path.string()});
    EXPECT_EQ(result.status, could_not) << result.output;
    EXPECT_NE(result.output.find(why), std::string::npos) << result.output;
    EXPECT_EQ(lines_of(result.output).size(), 1u) << result.output;
  };
  refused(folder.path() / "missing", "is not a folder");
  refused(folder.path(), "contains no campaign or triage");
  folder.write("summary.json", "{\"what\": 1}");
  refused(folder.path(), "is damaged or was not written by iovafuzz");
  folder.write("summary.json", "no json");
  refused(folder.path(), "is damaged or was not written by iovafuzz");
  make_folder(folder.path() / "farm/machines/one");
  refused(folder.path() / "farm", "is shared by several campaigns");
}

// Opens pages in a browser, if one is installed.
class ReportLong : public testing::Test {
 protected:
  ReportLong() {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
      if (!run_command({"sh", "-c", fmt::format("command -v {}", name)}, false).status) {
        browser_ = name;
        return;
      }
  }

  // Returns the browser's output.
  CommandResult browse(const fs::path& page, std::vector<std::string> options) const {
    const std::string profile = (profile_.path() / "profile").string();
    options.insert(options.begin(),
                   {browser_, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                    "--enable-logging=stderr", "--user-data-dir=" + profile});
    options.push_back("file://" + page.string());
    return run_command(options, false);
  }

  std::string browser_;
  TemporaryFolder profile_;
};

TEST_F(ReportLong, OpensInABrowser) {
  if (browser_.empty()) GTEST_SKIP() << "there is no chromium: the page is not opened";
  TemporaryFolder out;
  triage_into(out.path(), {"--revision", "6.12"},
              {bug, "cache_get\ninit\nalloc size=64 limit=30\nalloc size=64\n"});
  page_of_folder(out.path());
  const fs::path picture = out.path() / "page.png";
  CommandResult shot = browse(out.path() / "report.html",
                              {"--window-size=1200,2000", "--screenshot=" + picture.string()});
  EXPECT_GT(fs::file_size(picture), 10'000u) << shot.output;
  EXPECT_EQ(shot.output.find("CONSOLE"), std::string::npos) << shot.output;
  // The page's script runs to its end, and nothing is wider than a phone.
  const std::string page = read_file(out.path() / "report.html");
  const std::string probe =
      "<script>document.title = document.documentElement.scrollWidth + ' wide, ' + "
      "document.querySelectorAll('.finding[open]').length + ' open';</script></body>";
  write_file(out.path() / "probe.html", std::regex_replace(page, std::regex("</body>"), probe));
  CommandResult dom = browse(out.path() / "probe.html", {"--window-size=500,800", "--dump-dom"});
  EXPECT_NE(dom.output.find("<title>500 wide, 1 open</title>"), std::string::npos)
      << dom.output.substr(0, 2000);
}

}  // namespace
}  // namespace tool
