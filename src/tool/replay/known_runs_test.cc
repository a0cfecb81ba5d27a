// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/known_runs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tool/support/hash.h"

namespace tool {
namespace {

bool same(const Ran& one, const Ran& other) {
  const auto same_stretch = [](const Ran::Stretch& a, const Ran::Stretch& b) {
    return a.owner == b.owner && a.cpu == b.cpu && a.at_point == b.at_point &&
           a.touched == b.touched;
  };
  const auto same_step = [](const Ran::OfStep& a, const Ran::OfStep& b) {
    return a.first == b.first && a.cpu == b.cpu && a.skipped == b.skipped &&
           a.hindered == b.hindered && a.suspended == b.suspended;
  };
  return std::equal(one.stretches.begin(), one.stretches.end(), other.stretches.begin(),
                    other.stretches.end(), same_stretch) &&
         std::equal(one.steps.begin(), one.steps.end(), other.steps.begin(), other.steps.end(),
                    same_step);
}

Ran random_run(uint64_t seed, size_t steps) {
  Ran ran;
  for (size_t step = 0; step < steps; step++) {
    const uint64_t of_step = mix(seed / 7, step);  // most steps are shared with other runs
    ran.steps.push_back({.first = static_cast<uint32_t>(ran.stretches.size()),
                         .cpu = static_cast<uint8_t>(of_step % 3),
                         .skipped = of_step % 5 == 0,
                         .hindered = of_step % 10 == 0,
                         .suspended = of_step % 4 == 0});
    for (uint64_t i = 0; i < of_step % 200; i++)
      ran.stretches.push_back({.owner = static_cast<uint16_t>(i == seed % 7 ? 0xffff : step),
                               .cpu = static_cast<uint8_t>(i % 7 ? 1 : 0xff),
                               .at_point = i % 2 == 0,
                               .touched = static_cast<uint32_t>(mix(of_step, i) >> (i % 40))});
  }
  return ran;
}

Schedule schedule_of(unsigned number) {
  program::Program program;
  program.operations.assign(20, program::make(program::OpCode::cache_get));
  return Schedule(program).with_preemption(number % 20, 1 + number / 20, 0, 0, 19);
}

TEST(KnownRuns, AreTheSameAgain) {
  KnownRuns known;
  constexpr unsigned most = 2000;
  for (unsigned i = 0; i < most; i++) {
    ASSERT_EQ(known.find(schedule_of(i)), nullptr) << i;
    known.add(schedule_of(i), random_run(i, i % 20));
  }
  for (unsigned i = 0; i < most; i++) {
    const Ran* ran = known.find(schedule_of(i));
    ASSERT_NE(ran, nullptr) << i;
    ASSERT_TRUE(same(*ran, random_run(i, i % 20))) << i;
  }
}

TEST(KnownRuns, TheFirstOfAScheduleStays) {
  KnownRuns known;
  known.add(schedule_of(1), random_run(1, 3));
  known.add(schedule_of(1), random_run(50, 4));
  EXPECT_TRUE(same(*known.find(schedule_of(1)), random_run(1, 3)));
}

TEST(Pieces, HaveANumberEach) {
  Pieces pieces;
  std::vector<std::vector<uint64_t>> all;
  for (uint64_t i = 0; i < 1000; i++) all.push_back(std::vector<uint64_t>(i % 30, i / 2));
  for (const auto& piece : all) {
    const uint32_t number = pieces.number_of(piece);
    EXPECT_TRUE(std::ranges::equal(pieces[number], piece));
    EXPECT_EQ(pieces.number_of(piece), number);
  }
  EXPECT_EQ(pieces.number_of(all[61]), pieces.number_of(std::vector<uint64_t>(1, 30)));
}

}  // namespace
}  // namespace tool
