// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/side_by_side.h"

#include "tool/support/command_test.h"
#include "tool/support/failure.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

constexpr Abilities one_cpu{}, several{.cpus = 4, .has_queues = true},
    alone{.fails_creations = true};

std::optional<CallList> list_of(const char* program, bool may_die = false,
                                const Abilities& abilities = one_cpu) {
  CallLister lister(parse_variant("6.12").variant(), abilities);
  return lister.list(program::parse(program), [=](const std::string&) { return may_die; });
}

// Without "tree" lines, whose number depends on the run.
std::vector<std::string> calls_in(const CallList& list) {
  std::vector<std::string> lines = lines_of(list.lines);
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("tree "); });
  return lines;
}
std::vector<std::string> answers_in(const CallList& list) {
  std::vector<std::string> lines = lines_of(list.answers);
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("t"); });
  return lines;
}

TEST(CallLister, SaysWhatARunCallsAndWhatCameOfIt) {
  auto list = list_of("cache_get\ninit start=1\nirq\nalloc size=2\n__free\nput\ncache_put\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(calls_in(*list),
            (std::vector<std::string>{"iova_cache_get", "init_iova_domain 0 1000 1", "irqs_off",
                                      "alloc_iova 0 2 fffff 1", "__free_iova 0 ffffe",
                                      "put_iova_domain 0", "iova_cache_put"}));
  EXPECT_EQ(list->calls, 6u);
  EXPECT_EQ(list->faults, 0u);
  EXPECT_EQ(list->dies_of, "");
  std::vector<std::string> answers = answers_in(*list);
  ASSERT_EQ(answers.size(), 6u);
  EXPECT_EQ(answers[0], "0");
  EXPECT_EQ(answers[2], "ffffe-fffff a1 o+1 p+0 cffffffffffffffff dffffe h100000");
  EXPECT_TRUE(answers[3].starts_with(". a0 o-1 p+0 ")) << answers[3];
  EXPECT_EQ(answers[5], ".");
}

// In an operation with a count, a fault belongs to the call that allocates the object.
TEST(CallLister, SaysWhichObjectOfACallFails) {
  auto list = list_of("cache_get\ninit start=1\nfail 0x2\nalloc x3\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->faults, 1u);
  std::vector<std::string> calls = calls_in(*list);
  auto fail = std::find(calls.begin(), calls.end(), "fail 1");
  ASSERT_NE(fail, calls.end());
  EXPECT_EQ(fail[-1], "alloc_iova 0 1 fffff 1");
  EXPECT_EQ(fail[1], "alloc_iova 0 1 fffff 1");
}

// Each idle sleeps until the depot is trimmed and nothing is pending.
TEST(CallLister, SaysHowLongIdleTimesAre) {
  auto list = list_of("cache_get\ninit start=1\ninit_rcaches\nalloc_fast x1024\n"
                      "free_fast x1024\nidle\nidle\nput\n");
  ASSERT_TRUE(list);
  std::vector<uint64_t> times;
  for (const std::string& line : calls_in(*list))
    if (line.starts_with("sleep ")) times.push_back(std::stoull(line.substr(6), nullptr, 16));
  ASSERT_EQ(times.size(), 2u);
  EXPECT_GT(times[0], 200u);  // ms; each 100 ms trim one magazine
  EXPECT_EQ(times[1], 100u);
}

// Linux's fault injection covers slab objects but not per-CPU memory.
TEST(CallLister, LeavesOutFailuresThatLinuxCannotMake) {
  auto list = list_of("cache_get\ninit start=1\nfail 0x2\ninit_rcaches\nput\ninit start=1\n"
                      "fail 0x8\ninit_rcaches\n",
                      true);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->faults, 1u);
  EXPECT_EQ(list->dies_of, "slab-free-null");
  EXPECT_EQ(program::print(list->program).find("fail 0x2"), std::string::npos);
}

TEST(CallLister, LeavesOutWhatNeedsOtherCpusQueuesOrExactTimes) {
  EXPECT_EQ(program::print(sayable(
                program::parse(
                    "cpus 4\ncpu 2\ncache_get\ninit\nqueue_init\noffline 1\ntick 10\nqueue\nput\n"),
                one_cpu)),
            program::print(program::parse("cpus 1\ncache_get\ninit\nidle\nput\n")));
}

// The timer's handler waits for a lock that another flush holds; a list cannot state in which order
// they end.
TEST(CallLister, LetsNoFlushLastThatAnotherOneWaitsFor) {
  const auto list = list_of("cpus 3\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x258\n"
                            "cpu 2\nqueue x255\nslow\nqueue\ncpu 1\nqueue\nslow\npause 100\n"
                            "tick 10\nqueue\nresume\n",
                            true, several);
  ASSERT_TRUE(list);
  const std::vector<std::string> calls = calls_in(*list);
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "lasts") +
                std::count(calls.begin(), calls.end(), "timer 0"),
            1)
      << program::print(list->program);
}

// Also with several CPUs: CPU 0 cannot go offline.
TEST(CallLister, LeavesOutWhatSeveralCpusCannotDoEither) {
  EXPECT_EQ(program::print(sayable(program::parse("cpus 2\ncpu 1\noffline 0\noffline 1\ncache_get\n"
                                                  "init\ninit_rcaches\nqueue_init\nalloc_fast\n"
                                                  "queue\ntick 3\n"),
                                   several)),
            program::print(program::parse("cpus 4\ncpu 1\noffline 1\ncache_get\ninit\n"
                                          "init_rcaches\nqueue_init\nalloc_fast\nqueue\nidle\n"
                                          "idle\n")));
}

TEST(CallLister, LeavesOutFailuresOfWhatHandlersAskFor) {
  EXPECT_EQ(program::print(
                sayable(program::parse("cache_get\nfail 0x1\nidle\nfail 0x1\ninit\n"), several)),
            program::print(program::parse("cpus 4\ncache_get\nidle\nfail 0x1\ninit\n")));
}

constexpr char queue[] = "cache_get\ninit start=1\ninit_rcaches\nqueue_init\n";

// The lines from the first with that prefix on.
std::vector<std::string> lines_from(const CallList& list, const std::string& begin) {
  std::vector<std::string> lines = calls_in(list);
  lines.erase(lines.begin(), std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
                return line.starts_with(begin);
              }));
  return lines;
}

TEST(CallLister, SaysOnWhichCpuCallsAreMade) {
  auto list = list_of((std::string(queue) + "cpu 1\nalloc_fast\nqueue\noffline 1\nonline 1\nidle\n"
                                            "put\ncache_put\n")
                          .c_str(),
                      false, several);
  ASSERT_TRUE(list);
  std::vector<std::string> lines = lines_from(*list, "cpu 1");
  ASSERT_GE(lines.size(), 7u);
  lines.resize(7);
  EXPECT_EQ(lines, (std::vector<std::string>{"cpu 1", "alloc_iova_fast 0 1 fffff 1",
                                             "queue_iova 0 fffff 1 1", "offline 1", "online 1",
                                             "cpu 0", "sleep 70"}));
  EXPECT_NE(list->answers.find(" q1 s0 f0\n"), std::string::npos) << list->answers;
}

// A timer's flush lasts until flush_done.
TEST(CallLister, SaysThatTheFlushOfATimerLasts) {
  auto list =
      list_of((std::string(queue) + "alloc_fast x2\nqueue\nslow\ntick 10\nqueue\nflush_done\n"
                                    "idle\nput\ncache_put\n")
                  .c_str(),
              false, several);
  ASSERT_TRUE(list);
  std::vector<std::string> lines = lines_from(*list, "timer 0");
  ASSERT_GE(lines.size(), 4u);
  lines.resize(4);
  EXPECT_EQ(lines, (std::vector<std::string>{"timer 0", "cpu 1", "queue_iova 0 fffff 1 1",
                                             "flush_done 0"}));
  std::vector<std::string> answers = answers_in(*list);
  auto lasts = std::find(answers.begin(), answers.end(), "lasts");
  ASSERT_LT(lasts, answers.end() - 2);
  EXPECT_TRUE(lasts[1].ends_with(" q2 s1 f0")) << lasts[1];
  EXPECT_EQ(lasts[2], ".");
}

// queue_iova() on a full ring flushes; its answer comes after flush_done.
TEST(CallLister, SaysThatTheFlushOfACallLasts) {
  for (const char* prefix : {"slow\n", "pause 6\n"}) {
    auto list = list_of((std::string(queue) + "alloc_fast x256\nqueue x255\n" + prefix +
                         "queue\nalloc_fast slot=b\nflush_done\n")
                            .c_str(),
                        false, several);
    ASSERT_TRUE(list);
    std::vector<std::string> lines = lines_from(*list, "lasts");
    ASSERT_GE(lines.size(), 5u) << prefix;
    lines.resize(5);
    EXPECT_EQ(lines[0], "lasts");
    EXPECT_TRUE(lines[1].starts_with("queue_iova 0 ")) << lines[1];
    EXPECT_EQ(lines[2], "cpu 1");
    EXPECT_TRUE(lines[3].starts_with("alloc_iova_fast 0 ")) << lines[3];
    EXPECT_EQ(lines[4], "flush_done 0");
  }
}

// After flush_done the rest of the time passes on the timer's CPU, where the second timer runs.
TEST(CallLister, SaysWhereTheRestOfALongTimePasses) {
  auto list = list_of((std::string(queue) + "alloc_fast x2\nqueue\nslow\ntick 50\nqueue\n"
                                            "flush_done\nalloc\n")
                          .c_str(),
                      false, several);
  ASSERT_TRUE(list);
  std::vector<std::string> lines = lines_from(*list, "flush_done");
  ASSERT_GE(lines.size(), 3u);
  lines.resize(3);
  EXPECT_EQ(lines, (std::vector<std::string>{"flush_done 0", "cpu 0", "sleep 96"}));
}

// The depot is trimmed every 100 ms, so it is still pending; Linux has no exact times.
TEST(CallLister, LetsNoTimerLastWithinATimeThatEndsAmidst) {
  auto list = list_of((std::string(queue) + "alloc_fast x1024\nqueue\nfree_fast x1023\nslow\n"
                                            "tick 50\nalloc\nflush_done\nalloc\n")
                          .c_str(),
                      false, several);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->lines.find("timer"), std::string::npos) << list->lines;
}

// The call would interrupt the CPU that waits for the flush.
TEST(CallLister, LeavesOutCallsOnACpuWhoseFlushLasts) {
  const std::string lasts = std::string(queue) + "alloc_fast x2\nqueue\nslow\ntick 10\ncpu 0\n";
  auto list = list_of((lasts + "irq\nalloc\nflush_done\n").c_str(), false, several);
  ASSERT_TRUE(list);
  std::vector<std::string> lines = lines_from(*list, "timer 0");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "irqs_off"), 0) << list->lines;
}

TEST(CallLister, LeavesOutSuspensionsElsewhere) {
  auto list =
      list_of((std::string(queue) + "pause 1\nalloc_fast\nalloc_fast slot=b\nresume\n").c_str(),
              false, several);
  ASSERT_TRUE(list);
  EXPECT_EQ(program::print(list->program).find("pause"), std::string::npos);
  EXPECT_NE(program::print(list->program).find("alloc_fast"), std::string::npos);
}

// The first cache creation of a call can fail: it is the call's first allocation.
TEST(CallLister, SaysThatTheFirstCacheOfACallFails) {
  auto list = list_of("fail 0x1\ncache_get\nfail 0x2\ncache_get\n", true, alone);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->faults, 1u);
  EXPECT_EQ(list->lines.substr(0, 29), "fail_creation\niova_cache_get\n");
  EXPECT_TRUE(list->answers.starts_with("-12\n")) << list->answers;
}

// The 4th attempt, a magazine, fails, and the error path frees the missing magazine.
TEST(CallLister, EndsWithMisuseOrLeavesItOut) {
  auto dies = list_of("cache_get\ninit start=1\nfail 0x8\ninit_rcaches\nalloc\n", true);
  ASSERT_TRUE(dies);
  EXPECT_EQ(dies->dies_of, "slab-free-null");
  std::vector<std::string> calls = calls_in(*dies);
  ASSERT_GE(calls.size(), 3u);
  EXPECT_EQ(calls.back(), "iova_domain_init_rcaches 0");
  EXPECT_EQ(calls[calls.size() - 2], "dies");
  auto lives = list_of("cache_get\ninit start=1\nfail 0x8\ninit_rcaches\nalloc\n");
  ASSERT_TRUE(lives);
  EXPECT_EQ(lives->dies_of, "");
  EXPECT_EQ(
      program::print(lives->program),
      program::print(program::parse("cpus 1\ncache_get\ninit start=1\ninit_rcaches\nalloc\n")));
}

CallList a_list(const char* dies_of = "") {
  CallList list;
  list.lines = "iova_cache_get\nfail 1\nalloc_iova 0 1 fffff 1\n";
  list.answers = "0\n-\n";
  list.dies_of = dies_of;
  return list;
}

TEST(ReadAnswers, AreTheSame) {
  const NumberedList lists[] = {{1, a_list()}, {0x1f, a_list()}};
  EXPECT_EQ(lines_of_lists(lists).substr(0, 25), "program 1\niova_cache_get\n");
  Answered answered = read_answers(lists, "program 1\n0\n-\nend\nprogram 1f\n0\n-\nend\n");
  EXPECT_EQ(answered.items, 2u);
  EXPECT_FALSE(answered.difference);
}

TEST(ReadAnswers, DifferInACall) {
  const NumberedList lists[] = {{1, a_list()}, {2, a_list()}, {3, a_list()}};
  Answered answered =
      read_answers(lists, "program 1\n0\n-\nend\nprogram 2\n0\nfffff-fffff\nend\nprogram 3\n");
  EXPECT_EQ(answered.items, 2u);
  ASSERT_TRUE(answered.difference);
  EXPECT_EQ(answered.difference->call, "fail 1, alloc_iova 0 1 fffff 1");
  EXPECT_EQ(answered.difference->expected, "-");
  EXPECT_EQ(answered.difference->actual, "fffff-fffff");
}

TEST(ReadAnswers, EndWhereTheKernelDies) {
  const NumberedList lists[] = {{1, a_list()}, {2, a_list()}};
  for (const char* answers : {"program 1\n0\n", "program 1\n0\n-\n", ""}) {
    Answered answered = read_answers(lists, answers);
    EXPECT_EQ(answered.items, 1u);
    ASSERT_TRUE(answered.difference) << answers;
    EXPECT_EQ(answered.difference->actual, "nothing");
  }
}

TEST(ReadAnswers, KnowThatBothDie) {
  CallList list = a_list("slab-free-null");
  list.answers = "0\n";
  list.lines = "iova_cache_get\ndies\niova_domain_init_rcaches 0\n";
  const NumberedList lists[] = {{1, list}};
  EXPECT_TRUE(read_answers(lists, "program 1\n0\ndies\n").died);
  EXPECT_TRUE(read_answers(lists, "program 1\n0\ndies\n-12 a4 o+0 p+0\n").silent);
  EXPECT_TRUE(read_answers(lists, "program 1\n").difference);
}

// The check comes before a kernel is built.
TEST(SideBySide, NeedsCallsOfTodaysLinux) {
  iova_variant old = parse_variant("6.12").variant();
  old.init_rcaches = nullptr;
  EXPECT_THROW(check_comparable(old), Failure);
  EXPECT_NO_THROW(check_comparable(parse_variant("6.1").variant()));
}

// Builds a kernel. Runs the corpus and random programs.
TEST(SideBySideLong, LinuxAnswersAsTheShimDoes) {
  json same = tool_json({"confirm", "--programs", "1000", (source_folder() / "corpus").string()});
  EXPECT_EQ(same["differences"].size(), 0u) << to_text(same);
  EXPECT_GE(same["programs"], 1000);
  EXPECT_GT(same["faults"], 100);
  EXPECT_GT(same["deaths"]["slab-free-null"], 0) << to_text(same);
  EXPECT_TRUE(same["silent"].empty()) << to_text(same);
}

// Builds a kernel. Several CPUs with hotplug and flush queues.
TEST(SideBySideLong, SeveralCpusAnswerAsTheShimDoes) {
  json same = tool_json({"confirm", "--machine", "qemu", "--programs", "1000",
                         (source_folder() / "corpus").string()});
  EXPECT_EQ(same["differences"].size(), 0u) << to_text(same);
  EXPECT_GE(same["programs"], 1000);
  EXPECT_EQ(same["cpus"], 4);
  EXPECT_TRUE(same["silent"].empty()) << to_text(same);
}

TEST(SideBySideLong, SeesWhatIsNotTheSame) {
  for (const char* other : {"6.1", "6.12+no-second-pass"}) {
    json differs = tool_json({"confirm", "--programs", "300", "--shown-on", other});
    EXPECT_GT(differs["differences"].size(), 0u) << other << to_text(differs);
  }
}

}  // namespace
}  // namespace tool
