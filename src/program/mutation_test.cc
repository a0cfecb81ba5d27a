// SPDX-License-Identifier: GPL-2.0-only
#include "program/mutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "program/printing_test.h"

namespace program {
namespace {

std::vector<OpCode> all_operations() {
  std::vector<OpCode> codes;
  for (const OperationSpec& op : operations()) codes.push_back(op.code);
  return codes;
}

Program mutated(Program program, std::span<const OpCode> codes, uint64_t seed) {
  Mutator(codes, seed).mutate(program);
  return program;
}

// A program grown by this many mutations.
Program grown(std::span<const OpCode> codes, uint64_t seed, int mutations) {
  Mutator mutator(codes, seed);
  Program program;
  for (int i = 0; i < mutations; i++) mutator.mutate(program);
  return program;
}

uint64_t total_calls(const Program& program) {
  uint64_t sum = 0;
  for (const Operation& operation : program.operations) sum += calls(operation);
  return sum;
}

TEST(Mutation, SameSeedMakesTheSameProgram) {
  auto codes = all_operations();
  for (uint64_t seed = 0; seed < 100; seed++) {
    Program program = grown(codes, seed, 20);
    EXPECT_EQ(program, grown(codes, seed, 20));
    EXPECT_EQ(mutated(program, codes, seed), mutated(program, codes, seed));
  }
}

TEST(Mutation, SeedsMakeDifferentPrograms) {
  auto codes = all_operations();
  std::set<std::string> programs;
  for (uint64_t seed = 0; seed < 1000; seed++) programs.insert(print(grown(codes, seed, 5)));
  EXPECT_GT(programs.size(), 900u);
}

TEST(Mutation, ResultsAreWithinTheLimitsAndSurviveTheCodecs) {
  auto codes = all_operations();
  Mutator mutator(codes, 1);
  Program program;
  for (int i = 0; i < 20'000; i++) {
    mutator.mutate(program);
    ASSERT_LE(program.operations.size(), max_operations);
    ASSERT_LE(total_calls(program), max_calls);
    ASSERT_EQ(decode(encode(program)), program);
    if (i % 100 == 0) {
      ASSERT_EQ(parse(print(program)), program);
    }
    if (program.operations.size() > 200) program.operations.resize(10);
  }
}

TEST(Mutation, FullProgramsStayWithinTheLimits) {
  auto codes = all_operations();
  std::string text;
  for (size_t i = 0; i < max_operations; i++) text += "alloc x16\n";
  Program full = parse(text);
  for (uint64_t seed = 0; seed < 500; seed++) {
    Program program = mutated(full, codes, seed);
    ASSERT_LE(program.operations.size(), max_operations);
    ASSERT_LE(total_calls(program), max_calls);
    ASSERT_EQ(decode(encode(program)), program);
  }
}

TEST(Mutation, CrossIsABeginningAndAnEnd) {
  auto codes = all_operations();
  std::erase(codes, OpCode::cpus);  // it moves to the front
  Program first = grown(codes, 1, 20), second = grown(codes, 2, 20);
  ASSERT_LE(total_calls(first) + total_calls(second), max_calls);  // else the child may be cut off
  for (uint64_t seed = 0; seed < 200; seed++) {
    auto child = Mutator(codes, seed).cross(first, second).operations;
    size_t head =
        std::mismatch(child.begin(), child.end(), first.operations.begin(), first.operations.end())
            .first -
        child.begin();
    size_t tail = std::mismatch(child.rbegin(), child.rend(), second.operations.rbegin(),
                                second.operations.rend())
                      .first -
                  child.rbegin();
    EXPECT_GE(head + tail, child.size()) << "seed " << seed;
  }
}

TEST(Mutation, CrossIsWithinTheLimits) {
  auto codes = all_operations();
  std::string text;
  for (size_t i = 0; i < max_operations; i++) text += "alloc x16\n";
  Program full = parse(text);
  for (uint64_t seed = 0; seed < 200; seed++) {
    Program child = Mutator(codes, seed).cross(full, full);
    ASSERT_LE(child.operations.size(), max_operations);
    ASSERT_LE(total_calls(child), max_calls);
  }
}

TEST(Mutation, InsertsWhatAnOperationNeedsBeforeIt) {
  const OpCode only[] = {OpCode::alloc_fast};
  const OpCode expected[] = {OpCode::cache_get, OpCode::init, OpCode::init_rcaches,
                             OpCode::alloc_fast};
  int complete = 0;
  for (uint64_t seed = 0; seed < 100; seed++) {
    auto operations = mutated({}, only, seed).operations;
    std::erase_if(operations, [](const Operation& o) { return o.code == OpCode::fail; });
    auto next = std::begin(expected);
    for (const Operation& operation : operations)
      if (next != std::end(expected) && operation.code == *next) ++next;
    complete += next == std::end(expected);
  }
  // Later changes of the same mutation may have removed some of it.
  EXPECT_GE(complete, 75);
}

TEST(Mutation, InsertsOnlyTheGivenOperationsAndWhatTheyNeed) {
  const OpCode given[] = {OpCode::alloc, OpCode::tick};
  const std::set<OpCode> allowed = {OpCode::alloc, OpCode::tick, OpCode::cache_get, OpCode::init,
                                    OpCode::fail};
  for (uint64_t seed = 0; seed < 50; seed++)
    for (const Operation& operation : grown(given, seed, 50).operations)
      EXPECT_TRUE(allowed.contains(operation.code)) << print(operation);
}

TEST(Mutation, KeepsTheNumberOfCpusFirst) {
  const OpCode given[] = {OpCode::cpus};
  Program program = parse("cache_get\ninit\n");
  for (uint64_t seed = 0; seed < 100; seed++) {
    Program result = mutated(program, given, seed);
    for (size_t i = 1; i < result.operations.size(); i++)
      EXPECT_NE(result.operations[i].code, OpCode::cpus) << print(result);
  }
}

TEST(Mutation, ReachesEveryOperationFromTheEmptyProgram) {
  auto codes = all_operations();
  for (uint64_t seed = 0; seed < 20; seed++) {
    Mutator mutator(codes, seed);
    Program program;
    std::set<OpCode> reached;
    for (int i = 0; i < 3000 && reached.size() < operation_count; i++) {
      mutator.mutate(program);
      for (const Operation& operation : program.operations) reached.insert(operation.code);
      if (program.operations.size() > 100) program.operations.clear();
    }
    EXPECT_EQ(reached.size(), operation_count) << "seed " << seed;
  }
}

TEST(Mutation, ReachesEveryAttemptOfRcacheInit) {
  const OpCode given[] = {OpCode::init_rcaches};
  std::set<uint64_t> masks;
  for (uint64_t seed = 0; seed < 3000; seed++)
    for (const Operation& operation : mutated({}, given, seed).operations)
      if (operation.code == OpCode::fail) masks.insert(value(operation, Role::mask).number);
  for (unsigned bit = 0; bit < 32; bit++)
    EXPECT_TRUE(masks.contains(uint64_t{1} << bit)) << "attempt " << bit;
}

// A CPU frees ranges enough for a depot, and uses them while another operation is suspended.
TEST(Mutation, LetsCpusContendForMagazines) {
  const auto codes = all_operations();
  size_t contentions = 0, refused = 0;
  for (uint64_t seed = 0; seed < 3000; seed++) {
    const std::vector<Operation> all = grown(codes, seed, 3).operations;
    for (size_t i = 4; i + 3 < all.size(); i++) {
      if (all[i].code != OpCode::pause || all[i - 1].code != OpCode::cpu ||
          all[i - 2].code != OpCode::free_fast || all[i - 3].code != OpCode::alloc_fast ||
          all[i + 2].code != OpCode::cpu || calls(all[i - 2]) < 127 || calls(all[i + 3]) < 127 ||
          all[i - 4] != all[i + 2])
        continue;
      contentions++;
      refused +=
          all[i + 1].code == OpCode::alloc_fast && value(all[i + 1], Role::size).number == 64;
    }
  }
  EXPECT_GT(contentions, 20u);
  EXPECT_GT(refused, 5u);
}

}  // namespace
}  // namespace program
