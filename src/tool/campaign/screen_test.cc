// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/screen.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fuzz/targets.h"

namespace tool {
namespace {

using std::chrono::milliseconds;

// All targets after a long campaign; the first two are running.
Progress long_campaign(std::vector<Engine> engines) {
  Progress progress;
  progress.elapsed = std::chrono::hours(30);
  progress.time = std::chrono::hours(48);
  for (const fuzz::Target* target : fuzz::targets)
    for (Engine engine : engines) {
      TargetProgress row{.target = target, .engine = engine};
      row.running = progress.targets.size() < 2;
      row.ran = 3600;
      row.executions = 123'456'789;
      row.executions_per_second = 12'345;
      row.coverage = 1234;
      row.corpus = 2345;
      row.quiet = 1000;
      row.new_findings = 1;
      row.known["mag-free-null"] = {"a-key"};
      if (engine == Engine::aflpp) row.stability = 99.5;
      progress.targets.push_back(row);
    }
  for (int i = 0; i < 30; i++)
    progress.inputs_by_key[fmt::format("oracle-{}:function:operation:none", i)] = 1;
  return progress;
}

size_t widest(const std::vector<std::string>& lines) {
  size_t most = 0;
  for (const std::string& line : lines) most = std::max(most, line.size());
  return most;
}

bool has(const std::vector<std::string>& lines, const std::string& word) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(word) != std::string::npos; });
}

TEST(Table, FitsTheWidth) {
  for (std::vector<Engine> engines :
       {std::vector{Engine::libfuzzer}, {Engine::libfuzzer, Engine::aflpp}})
    for (size_t columns : {5, 20, 40, 60, 80, 100, 200})
      EXPECT_LE(widest(table(long_campaign(engines), columns)), columns);
}

TEST(Table, HasEveryColumnWhereThereIsRoom) {
  std::string titles = table(long_campaign({Engine::libfuzzer}), 80)[0];
  for (const char* title : {"target", "now", "exec", "edges", "corpus", "f", "known"})
    EXPECT_NE(titles.find(title), std::string::npos) << title << ": " << titles;
  for (const char* title : {"engine", "stab"})
    EXPECT_EQ(titles.find(title), std::string::npos) << titles;
  titles = table(long_campaign({Engine::libfuzzer, Engine::aflpp}), 200)[0];
  for (const char* title : {"engine", "stability"})
    EXPECT_NE(titles.find(title), std::string::npos) << titles;
}

TEST(Table, KeepsNamesAndFindingsInAnyWidth) {
  auto lines = table(long_campaign({Engine::libfuzzer}), 40);
  EXPECT_TRUE(has(lines, "iova_domain "));
  EXPECT_TRUE(has(lines, "found"));
  EXPECT_FALSE(has(lines, "corpus"));
}

TEST(Table, EndsWithTheSum) {
  Progress progress = long_campaign({Engine::libfuzzer});
  auto lines = table(progress, 200);
  uint64_t executions = 123'456'789 * progress.targets.size();
  EXPECT_EQ(lines.back().find("all"), 0u);
  EXPECT_NE(lines.back().find(std::to_string(executions)), std::string::npos) << lines.back();
  progress.targets.resize(1);
  EXPECT_FALSE(has(table(progress, 200), "all"));
}

TEST(Table, LeavesOutWaitingTargetsFirst) {
  Progress progress = long_campaign({Engine::libfuzzer});
  std::swap(progress.targets.front(), progress.targets.back());
  auto lines = table(progress, 80, 3);
  EXPECT_EQ(lines.size(), 1u + 3 + 1);
  EXPECT_TRUE(has(lines, progress.targets.back().target->name));  // runs
  EXPECT_TRUE(has(lines, fmt::format("{} more", progress.targets.size() - 2)));
}

TEST(Picture, IsNoTallerThanTheScreen) {
  Progress progress = long_campaign({Engine::libfuzzer, Engine::aflpp});
  for (size_t columns : {10, 40, 80, 200})
    for (size_t rows : {1, 2, 3, 4, 5, 6, 10, 24, 60, 100}) {
      auto lines = picture(progress, "port@6.12", {columns, rows});
      EXPECT_LT(lines.size(), std::max<size_t>(rows, 2)) << columns << "x" << rows;
      EXPECT_LE(widest(lines), columns);
      for (const std::string& line : lines) EXPECT_EQ(line.find('\x1b'), std::string::npos);
    }
  auto lines = picture(progress, "port@6.12", {80, 24});
  EXPECT_TRUE(has(lines, "1 d 6 h of 2 d"));
  EXPECT_TRUE(has(lines, "port@6.12"));
  EXPECT_TRUE(has(lines, "more findings"));
  lines = picture(progress, "port@6.12", {80, 100});
  EXPECT_FALSE(has(lines, " more"));
  EXPECT_TRUE(has(lines, "oracle-29:"));
}

TEST(News, IsOneLineWithoutEscapes) {
  std::string line = news(long_campaign({Engine::libfuzzer}));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(line.find("30 new findings"), std::string::npos);
  EXPECT_NE(line.find(fuzz::targets[0]->name), std::string::npos);
}

TEST(News, ComesLessAndLessOften) {
  EXPECT_EQ(time_between_news(milliseconds(0)), std::chrono::seconds(10));
  EXPECT_EQ(time_between_news(std::chrono::minutes(10)), std::chrono::minutes(5));
  EXPECT_EQ(time_between_news(std::chrono::hours(24)), std::chrono::minutes(10));
}

TEST(Screen, IsDrawnOverOnlyWhereThatWorks) {
  EXPECT_TRUE(can_redraw(true, "xterm", nullptr));
  EXPECT_TRUE(can_redraw(true, "xterm", ""));
  EXPECT_FALSE(can_redraw(false, "xterm", nullptr));
  EXPECT_FALSE(can_redraw(true, "dumb", nullptr));
  EXPECT_FALSE(can_redraw(true, nullptr, nullptr));
  EXPECT_FALSE(can_redraw(true, "xterm", "1"));
}

TEST(Time, IsInTwoUnits) {
  EXPECT_EQ(print_time(7), "7 s");
  EXPECT_EQ(print_time(60), "1 m");
  EXPECT_EQ(print_time(200), "3 m 20 s");
  EXPECT_EQ(print_time(2 * 3600 + 5 * 60 + 1), "2 h 5 m");
  EXPECT_EQ(print_time(27 * 3600), "1 d 3 h");
}

}  // namespace
}  // namespace tool
