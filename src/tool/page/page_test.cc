// SPDX-License-Identifier: GPL-2.0-only
#include "tool/page/page.h"

#include <gtest/gtest.h>

#include <regex>
#include <utility>
#include <vector>

#include "tool/page/html.h"
#include "tool/page/page_check_test.h"

namespace tool {
namespace {

TEST(Html, MarkupInTextMeansNothing) {
  EXPECT_EQ(escaped("<script>alert(\"1\" & '2')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
  EXPECT_EQ(escaped("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(escaped(std::string_view("\0\x1b[0m", 5)), "\\x00\\x1b[0m");
  EXPECT_EQ(escaped("gr\xc3\xb6\xc3\x9f"
                    "e \xe2\x86\x92 \xf0\x9f\x99\x82"),
            "gr\xc3\xb6\xc3\x9f"
            "e \xe2\x86\x92 \xf0\x9f\x99\x82");
  // Invalid UTF-8: a lone continuation byte, truncated, overlong, a surrogate, beyond Unicode.
  EXPECT_EQ(escaped("\x80"), "\\x80");
  EXPECT_EQ(escaped("\xe2\x86"), "\\xe2\\x86");
  EXPECT_EQ(escaped("\xc0\xbc"), "\\xc0\\xbc");
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(escaped("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
}

TEST(PageCheck, RefusesWhatIsNotWellFormed) {
  EXPECT_EQ(flaw_of_page("<!DOCTYPE html><p a=\"b\">x<br/></p>"), "");
  for (const char* bad : {"<p>", "</p>", "<p><b></p></b>", "<p a=b></p>", "<p a=\"<\"></p>",
                          "a & b", "<p a=\"1\" a=\"2\"></p>", "<script></script", "<p>\x01</p>"})
    EXPECT_NE(flaw_of_page(bad), "") << bad;
}

// A model in which every text from inputs, logs and file names tries to break out of its element.
json hostile_model() {
  const std::string evil = "</script></style><img src=x onerror=\"alert(1)\">'&amp;\x80\x01";
  json report{{"key", evil},
              {"headline", "oracle: " + evil},
              {"severity", "memory-safety"},
              {"blame", evil},
              {"function", evil},
              {"callers", list(json{{"function", evil}, {"where", evil}})},
              {"operation", evil},
              {"operation_index", 0},
              {"came_to", evil},
              {"faults", list(evil)},
              {"gone_past", list(evil)},
              {"values", evil},
              {"program", evil},
              {"history", evil},
              {"state", evil},
              {"call", evil}};
  json step{{"number", "0"},     {"operation", evil}, {"outcome", evil}, {"cpu", 1},
            {"at_fault", false}, {"reached", true},   {"prefix", false}, {"failed", list(evil)}};
  json fault = step;
  fault["at_fault"] = true;
  json shown{
      {"nodes", list(json::array({16, 31}))},
      {"max32_alloc_size", 16},
      {"cached_node", ~uint64_t{0}},
      {"cached32_node", 16},
      {"magazine_pfns", 127},
      {"magazines", list(json{{"bin", 0}, {"cpu", 0}, {"previous", false}, {"pfns", list(64, 65)}},
                         json{{"bin", 0}, {"cpu", -1}, {"previous", false}, {"pfns", list(80)}})},
      {"queue",
       {{"started", 2},
        {"finished", 1},
        {"timer_pending", true},
        {"entries", list(json{{"ring", 0}, {"pfn", 16}, {"pages", 16}, {"counter", 1}})}}}};
  json domain{{"number", 0},
              {"start_pfn", 1},
              {"first_pfn_above_32bit", 0x100000},
              {"owned", list(json{{"lo", 16}, {"hi", 31}, {"kind", evil}, {"slot", 0}})},
              {"shown", shown}};
  json moment{{"domains", list(domain)},
              {"cpu", 0},
              {"suspended", 0},
              {"call",
               {{"function", "alloc_iova"},
                {"domain", 0},
                {"size", 16},
                {"limit", 100},
                {"pfn", 0},
                {"last", 0},
                {"aligned", true},
                {"flush", false},
                {"in_interrupt", false},
                {"over", true},
                {"granted", true},
                {"cpu", 0},
                {"lo", 16},
                {"hi", 31}}}};
  json finding{
      {"key", evil},
      {"standing", evil},
      {"severity", "memory-safety"},
      {"target", evil},
      {"executions", 12345},
      {"inputs", 3},
      {"shown", 2},
      {"runs", 3},
      {"needed", list(evil)},
      {"operands", evil},
      {"also", list(evil)},
      {"promise", {{"id", evil}, {"words", evil}, {"relied_on_by", evil}}},
      {"known",
       {{"id", evil}, {"title", evil}, {"status", evil}, {"story", evil}, {"contract", evil}}},
      {"report", report},
      {"program", evil},
      {"cpus", 2},
      {"overlaps", true},
      {"steps", list(step, fault)},
      {"moments", {{"before", moment}, {"now", moment}}},
      {"affected", list(json{{"name", evil}, {"state", "present"}, {"why", evil}})},
      {"confirm", {{"kernel", evil}, {"verdict", evil}, {"words", evil}}},
      {"kunit", {{"name", evil}, {"source", evil}}},
      {"log", evil},
      {"trouble", evil},
      {"shows", false},
      {"shows_instead", evil},
      {"commands", list(json{{"what", evil}, {"command", evil}})}};
  json bare{{"key", evil}, {"standing", "new"}, {"severity", "unknown"}, {"input", evil}};
  json text = bare;
  text["kunit"] = {{"why_not", evil}};
  return {
      {"folder", evil},
      {"variant", evil},
      {"not_run", evil},
      {"is_campaign", true},
      {"running", true},
      {"meaning", evil},
      {"expected", evil},
      {"seconds", 12.0},
      {"troubles", list(evil)},
      {"gone", list(evil)},
      {"known", list(json{{"id", evil}, {"title", evil}, {"since", evil}, {"upstream", evil}})},
      {"targets", list(json{{"target", evil}, {"state", evil}, {"engine", evil}})},
      {"course",
       list(
           json{{"seconds", 1.0}, {"executions", 10}, {"edges", 5}, {"corpus", 2}, {"findings", 0}},
           json{{"seconds", 2.0}, {"finding", evil}},
           json{{"seconds", 3.0},
                {"executions", 30},
                {"edges", 9},
                {"corpus", 4},
                {"findings", 1}})},
      {"coverage",
       {{"of", evil},
        {"lines", 10},
        {"lines_reached", 8},
        {"branches", 4},
        {"branches_reached", 2},
        {"functions", list(json{{"function", evil},
                                {"gaps", list(json{{"file", evil}, {"line", 3}, {"text", evil}})}},
                           json{{"function", "f"}, {"gaps", json::array()}})}}},
      {"findings", list(finding, bare, text)},
      {"differences", list(bare)}};
}

TEST(Page, IsWellFormedWhateverIsInIt) {
  const std::string page = page_of(hostile_model());
  EXPECT_EQ(flaw_of_page(page), "");
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("onerror=\""), std::string::npos);
  // Style and script are the page's own, and each ends once.
  for (const char* end : {"</style>", "</script>"})
    EXPECT_EQ(page.find(end), page.rfind(end)) << end;
}

TEST(Page, NeedsNothingFromElsewhere) {
  const std::string page = page_of(hostile_model());
  EXPECT_FALSE(std::regex_search(page, std::regex("(src|href)=\"(?!data:,\")")));
  EXPECT_FALSE(std::regex_search(page, std::regex("url\\(|@import|fetch\\(|XMLHttpRequest")));
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(Page, RefreshesItselfWhileTheCampaignRuns) {
  json model = hostile_model();
  EXPECT_NE(page_of(model).find("data-refresh="), std::string::npos);
  model["running"] = false;
  EXPECT_EQ(page_of(model).find("data-refresh="), std::string::npos);
  EXPECT_EQ(page_of(model).find("http-equiv=\"refresh\""), std::string::npos);
}

TEST(Page, OfNothingSaysSo) {
  const std::string page = page_of({{"folder", "x"},
                                    {"variant", "port@fixed"},
                                    {"findings", json::array()},
                                    {"differences", json::array()}});
  EXPECT_EQ(flaw_of_page(page), "");
  EXPECT_NE(page.find("Nothing was found."), std::string::npos);
}

}  // namespace
}  // namespace tool
