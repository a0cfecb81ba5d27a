// SPDX-License-Identifier: GPL-2.0-only
// Operations that are suspended while others run.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "iova/port_variants.h"
#include "program/mutation.h"

namespace engine {
namespace interleaving {

static const iova_variant& fixed = port::fixed::variant;

struct Told {
  bool skipped;
  std::string outcome;
};
static std::vector<Told> told;  // of the last run

static const std::vector<Told>& narrate(const std::string& text) {
  told.clear();
  run(fixed, program::parse(text), {.on_step = [](const Step& step) {
        told.push_back({step.skipped, step.outcome});
      }});
  return told;
}

static const std::string two_cpus = "cpus 2\ncache_get\ninit\n";
constexpr size_t next = 3;  // index of the first operation after two_cpus

static bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

TEST(Interleaving, SaysWhereAnOperationIsSuspendedAndHowItEnds) {
  narrate(two_cpus + "pause 2\nalloc\nalloc slot=b\nresume\n");
  EXPECT_TRUE(has(told[next + 1].outcome,
                  "alloc (operation 4) is suspended on CPU 0, before a lock, in "
                  "__alloc_and_insert_iova_range() (iova.cc:"))
      << told[next + 1].outcome;
  EXPECT_TRUE(has(told[next + 1].outcome, "now on CPU 1"));
  EXPECT_EQ(told[next + 2].outcome, "0xfffff");
  EXPECT_EQ(told[next + 3].outcome, "alloc (operation 4) ends: 0xffffe");
}

TEST(Interleaving, WhoWaitsSaysWhatItLetEnd) {
  narrate(two_cpus +
          "init_rcaches\nqueue_init\nalloc_fast x2\nqueue\ncpu 1\npause 3\ntick 10\nput\n");
  EXPECT_EQ(told[next + 7].outcome, "2 ranges were in use; tick (operation 9) ends: now 10 ms");
}

TEST(Interleaving, NothingIsSuspendedPastItsLastPoint) {
  narrate(two_cpus + "pause 4000\nalloc\nresume\n");
  EXPECT_EQ(told[next + 1].outcome, "0xfffff");
  EXPECT_TRUE(told[next + 2].skipped);
}

TEST(Interleaving, ANameIsOneOperationsAtATime) {
  narrate(two_cpus + "pause 2\nalloc\npause 2\nalloc\nresume\nresume\n");
  EXPECT_EQ(told[next + 3].outcome, "0xfffff");
  EXPECT_FALSE(told[next + 4].skipped);
  EXPECT_TRUE(told[next + 5].skipped);
}

TEST(Interleaving, KeepsTheCallersDuties) {
  const struct {
    const char *suspended, *meanwhile;
    bool skipped;
  } rows[] = {
      {"alloc", "put", true},
      {"alloc", "alloc", false},
      {"alloc", "init_rcaches", true},
      {"alloc", "put domain=1", false},
      {"alloc", "reserve", true},
      {"reserve size=4", "alloc", true},
      {"alloc", "offline 1", true},
      {"put", "alloc", true},
      {"put", "put", true},
      {"alloc", "free_pfn 77", true},
      {"alloc", "cache_put", true},
  };
  for (const auto& row : rows) {
    narrate(two_cpus + "pause 1\n" + row.suspended + "\n" + row.meanwhile + "\nresume\n");
    EXPECT_TRUE(has(told[next + 1].outcome, "is suspended")) << told[next + 1].outcome;
    EXPECT_EQ(told[next + 2].skipped, row.skipped || has(row.meanwhile, "domain=1"))
        << row.suspended << " / " << row.meanwhile << ": " << told[next + 2].outcome;
  }
}

TEST(Interleaving, OnlyInterruptsRunOverAHandlerAndNothingWithInterruptsOff) {
  const std::string queued =
      "cpus 2\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x3\nqueue\n";
  narrate(queued + "pause 3\ntick 10\ncpu 0\nqueue\nirq\nqueue\nresume\n");
  EXPECT_TRUE(has(told[8].outcome, "while a hardware flush lasts")) << told[8].outcome;
  EXPECT_TRUE(told[10].skipped);
  EXPECT_FALSE(told[12].skipped);
  // Suspended with the ring's lock held.
  narrate(queued + "pause 4\nqueue\ncpu 0\n");
  EXPECT_TRUE(has(told[8].outcome, "is suspended on CPU 0")) << told[8].outcome;
  EXPECT_TRUE(told[9].skipped);
}

// CPU 1 goes offline while operations are suspended on all other CPUs. The program continues on one
// of these.
TEST(Interleaving, NothingRunsInTheMidstOfAFlushThoughNoOtherCpuIsLeft) {
  narrate("cpus 4\ncache_get\ninit\ninit_rcaches\nalloc_fast x254\ncpu 2\nqueue_init\nqueue\n"
          "slow\ntick 100\nalloc_fast slot=b x3\nqueue slot=b x3\nalloc_fast slot=b\nslow\n"
          "queue x253\npause 1\noffline 1\nresume\nqueue slot=b\n");
  EXPECT_TRUE(has(told[14].outcome, "is suspended on CPU 0")) << told[14].outcome;
  EXPECT_TRUE(has(told[16].outcome, "now on CPU 0")) << told[16].outcome;
  EXPECT_TRUE(told[18].skipped) << told[18].outcome;
}

TEST(Interleaving, ATaskGoesOnElsewhere) {
  const std::string freeing = "cpus 3\ncache_get\ninit\ninit_rcaches\nalloc_fast x2\npause 1\n"
                              "free_fast\n";
  narrate(freeing + "offline 0\nresume\n");
  EXPECT_EQ(told[7].outcome, "2 CPUs online, now on CPU 1");
  EXPECT_FALSE(told[8].skipped);
  narrate(freeing + "cpu 2\nresume here\n");
  EXPECT_FALSE(told[8].skipped);
}

// As for cpus_write_lock(). Were the CPU online again, put would not wait for the dead callback.
TEST(Interleaving, NoCpuComesOnlineWhileOneGoesOffline) {
  narrate("cpus 3\ncache_get\ninit\ninit_rcaches\npause 1\noffline 1\nonline 1\noffline 2\n"
          "resume\nonline 1\n");
  EXPECT_TRUE(has(told[5].outcome, "is suspended")) << told[5].outcome;
  EXPECT_TRUE(told[6].skipped) << told[6].outcome;
  EXPECT_TRUE(told[7].skipped) << told[7].outcome;
  EXPECT_EQ(told[9].outcome, "3 CPUs online");
}

TEST(Interleaving, FaultsAreOfTheOperationTheyArePlannedFor) {
  narrate("cpus 2\ncache_get\ninit\nfail 0x1\npause 1\nalloc\nalloc slot=b\nresume\n");
  EXPECT_EQ(told[6].outcome, "0xfffff");
  EXPECT_EQ(told[7].outcome, "alloc (operation 5) ends: NULL");
  const auto attempts = [](const char* text) { return run(fixed, program::parse(text)).attempts; };
  EXPECT_EQ(attempts("cpus 2\ncache_get\ninit\npause 2\nalloc x3\nalloc slot=b x2\nresume\n"),
            (std::vector<size_t>{0, 3, 0, 0, 3, 2, 0}));
}

TEST(Interleaving, WhatIsSuspendedGoesOnAtTheEnd) {
  narrate(two_cpus + "pause 3\nalloc\n");
  EXPECT_EQ(run(fixed, program::parse(two_cpus + "pause 3\nalloc\n")).attempts.back(), 1u);
}

TEST(Interleaving, TellsWhatOperationsTouch) {
  Footprints footprints;
  run(fixed, program::parse(two_cpus + "alloc\nput\nput\n"), {.footprints = &footprints});
  ASSERT_EQ(footprints.operations.size(), 6u);
  EXPECT_GT(footprints.operations[next].stretches.size(), 2u);
  EXPECT_FALSE(footprints.operations[next + 1].skipped);
  EXPECT_TRUE(footprints.operations[next + 2].skipped);
  // A scheduling point, where a pause can be, lies between any two stretches.
  const size_t points = footprints.operations[next].points();
  EXPECT_EQ(points, footprints.operations[next].stretches.size() - 1);
  for (size_t point : {points, points + 1}) {
    run(fixed, program::parse(two_cpus + "pause " + std::to_string(point) + "\nalloc\n"),
        {.footprints = &footprints});
    EXPECT_EQ(footprints.operations[next + 1].suspended, point == points) << point;
  }
}

// The operation is suspended with a lock held. Another one that waits for the lock lets it run
// until the unlock.
TEST(Interleaving, TellsWhoseStretchesOperationsHave) {
  Footprints footprints;
  const program::Program program =
      program::parse(two_cpus + "pause 2\nreserve lo=20\nreserve slot=b lo=30\nresume\n");
  run(fixed, program, {.footprints = &footprints});
  const Footprints::OfOperation& waits = footprints.operations[next + 2];
  std::set<size_t> owners;
  for (const Footprints::Stretch& stretch : waits.stretches) owners.insert(stretch.owner);
  EXPECT_EQ(owners, (std::set<size_t>{next + 1, next + 2}));
  EXPECT_EQ(waits.stretches.back().owner, next + 2);
  const Footprints::OfOperation& goes_on = footprints.operations[next + 3];
  EXPECT_EQ(goes_on.stretches.back().owner, next + 1);
  EXPECT_NE(goes_on.stretches.back().cpu, goes_on.stretches.front().cpu);
}

// At the last points a judge counts what the flush left; no other operation may run meanwhile.
TEST(Interleaving, NothingIsSuspendedWhileItIsJudged) {
  const std::string before = "cache_get\ninit\ninit_rcaches\nreserve size=0xffff6\n"
                             "alloc_fast slot=b size=3 x2\npause ";
  for (int point = 30; point < 100; point++)
    run(fixed,
        program::parse(before + std::to_string(point) + "\nalloc_fast size=2\nfree_fast slot=b\n"));
}

// Same bytes, same trace, whatever ran before.
TEST(Interleaving, IsDeterministic) {
  std::vector<uint64_t> hashes;
  for (int time = 0; time < 2; time++) {
    program::Mutator mutator(
        program::operations_of(program::uses::rcache | program::uses::interleave), 7);
    program::Program program;
    for (int i = 0; i < 200; i++) {
      mutator.mutate(program);
      if (program.operations.size() > 60) program.operations.resize(20);
      const uint64_t hash = run(fixed, program).trace_hash;
      if (!time)
        hashes.push_back(hash);
      else
        EXPECT_EQ(hash, hashes[static_cast<size_t>(i)]) << print(program);
    }
  }
}

}  // namespace interleaving
}  // namespace engine
