// SPDX-License-Identifier: GPL-2.0-only
#include "engine/report.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace engine {
namespace {

Report report_of(const std::string& key, shim::Severity severity) {
  Report report;
  report.key = key;
  report.severity = severity;
  return report;
}

std::string line_with(const std::string& word, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.find(word) != std::string::npos) return line;
  return "";
}

TEST(ReportForFarms, HasTypeAndStateBySeverity) {
  std::string text =
      format_for_farms(report_of("a:free_iova:free_fast:none", shim::Severity::memory_safety));
  EXPECT_EQ(text.rfind("panic: FuzzerHash=a:free_iova:free_fast:none\nkernel BUG at a\n"
                       "    #2 0x0 in iova::free_iova\n    #3 0x0 in iova::free_iova_fast\n==",
                       0),
            0u)
      << text;
  EXPECT_NE(
      text.find(
          "== ERROR: iovafuzz: a:free_iova:free_fast:none\nDEDUP_TOKEN: a:free_iova:free_fast:none\n"),
      std::string::npos)
      << text;
  for (auto severity : {shim::Severity::wrong_result, shim::Severity::lost_resource,
                        shim::Severity::hang, shim::Severity::unknown})
    EXPECT_EQ(
        format_for_farms(report_of("a:free_iova:free_fast:none", severity))
            .rfind("[iovafuzz:iova.c(0)] Check failed: FuzzerHash=a:free_iova:free_fast:none\n", 0),
        0u);
}

// Equal keys give equal states: the lines below the first follow from the key, too.
TEST(ReportForFarms, HasFramesOfTheKey) {
  Report report = report_of("a:any:any:none", shim::Severity::wrong_result), other = report;
  report.function = "free_iova";
  report.call = "free_iova_fast";
  other.function = "alloc_iova";
  other.call = "alloc_iova_fast";
  EXPECT_EQ(format_for_farms(report), format_for_farms(other));
  EXPECT_NE(format_for_farms(report_of("a:b:end:none", shim::Severity::hang))
                .find("    #2 0x0 in iova::b\n    #3 0x0 in iova::end\n"),
            std::string::npos);
}

// ClusterFuzz cuts lines at 80 characters, its own " in iova.c" included.
TEST(ReportForFarms, LongKeysFitAndStayApart) {
  std::set<std::string> lines;
  const std::string begin(70, 'k');
  for (const char* end : {":none", ":iova_magazine_alloc", ":iova_magazine_allod", ":x1", ":x2"})
    for (auto severity : {shim::Severity::memory_safety, shim::Severity::wrong_result}) {
      std::string line =
          line_with("FuzzerHash=", format_for_farms(report_of(begin + end, severity)));
      std::string state = line.substr(line.find("FuzzerHash="));
      EXPECT_LE(state.size() + std::string(" in iova.c").size(), 80u) << line;
      EXPECT_EQ(state.find_first_of("0123456789"), std::string::npos) << line;
      lines.insert(line);
    }
  EXPECT_EQ(lines.size(), 10u);
}

}  // namespace
}  // namespace engine
