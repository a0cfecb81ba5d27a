// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/presence.h"

#include <gtest/gtest.h>

namespace tool {
namespace {

// Changes as letters: '.' early, 'x' late, '-' does not build.
std::string suspects(const std::string& changes, size_t* asked = nullptr) {
  size_t times = 0;
  const Suspects found = find_change(changes.size(), [&](size_t i) -> std::optional<bool> {
    times++;
    if (changes[i] == '-') return std::nullopt;
    return changes[i] == 'x';
  });
  if (asked) *asked = times;
  return std::to_string(found.first) + ".." + std::to_string(found.last);
}

TEST(FindChange, IsTheFirstWithTheLateState) {
  EXPECT_EQ(suspects("x"), "0..0");
  EXPECT_EQ(suspects(".x"), "1..1");
  EXPECT_EQ(suspects("xx"), "0..0");
  for (size_t early = 0; early < 20; early++)
    EXPECT_EQ(suspects(std::string(early, '.') + std::string(20 - early, 'x')),
              std::to_string(early) + ".." + std::to_string(early));
}

TEST(FindChange, PassesOverWhatDoesNotBuild) {
  EXPECT_EQ(suspects("-.x"), "2..2");
  EXPECT_EQ(suspects("..--.xx"), "5..5");
  EXPECT_EQ(suspects(".x--xxx"), "1..1");
}

TEST(FindChange, IsOneOfSeveralWhereNoneBetweenBuilds) {
  EXPECT_EQ(suspects(".--xx"), "1..3");
  EXPECT_EQ(suspects("---x"), "0..3");
}

TEST(FindChange, AsksEachOnceAndFewOfMany) {
  size_t asked;
  EXPECT_EQ(suspects(std::string(900, '.') + std::string(100, 'x'), &asked), "900..900");
  EXPECT_LE(asked, 10u);
  EXPECT_EQ(suspects(std::string(50, '-') + "x", &asked), "0..50");
  EXPECT_EQ(asked, 50u);
}

}  // namespace
}  // namespace tool
