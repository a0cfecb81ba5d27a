// SPDX-License-Identifier: GPL-2.0-only
#include "call_chain.h"

#include <gtest/gtest.h>

#include "symbols.h"

// Stand-ins for the allocator. No function ends with a call, because a tail call leaves no frame.
namespace port::test {

using Calls = std::vector<shim::CallSite>;

__attribute__((noinline)) void iova_magazine_free(Calls* chain) {
  *chain = shim::call_chain();
  asm volatile("");
}

namespace helper {
__attribute__((noinline)) void each_cpu(Calls* chain) {
  iova_magazine_free(chain);
  asm volatile("");
}
}  // namespace helper

__attribute__((noinline)) void free_iova_rcaches(Calls* chain) {
  helper::each_cpu(chain);
  asm volatile("");
}

}  // namespace port::test

namespace shim {
namespace {

std::vector<std::string> functions(const std::vector<CallSite>& chain) {
  std::vector<std::string> names;
  for (const CallSite& caller : chain) names.push_back(caller.function);
  return names;
}

TEST(CallChain, HasTheAllocatorsFunctionsInnermostFirst) {
  std::vector<CallSite> chain;
  port::test::free_iova_rcaches(&chain);
  EXPECT_EQ(functions(chain),
            (std::vector<std::string>{"iova_magazine_free", "free_iova_rcaches"}));
  for (const CallSite& caller : chain) {
    EXPECT_NE(caller.module, "");
    EXPECT_NE(caller.offset, 0u);
  }
}

}  // namespace

// Not part of the port, though its namespace ends in "port".
namespace report {
__attribute__((noinline)) void tell(std::vector<CallSite>* chain) {
  *chain = call_chain();
  asm volatile("");
}
}  // namespace report

namespace {

TEST(CallChain, IsEmptyWhereTheAllocatorDidNotCall) {
  std::vector<CallSite> chain(1);
  report::tell(&chain);
  EXPECT_EQ(functions(chain), std::vector<std::string>{});
}

TEST(Symbols, HaveBareNames) {
  for (const char* name : {"port::v6_12::(anonymous namespace)::walk(int)", "walk.cold", "walk",
                           "void tree<node<tag, 3u>, (order)1, std::less<int> >::walk<int>(int)",
                           "port::tree<tag, 3u>::walk(std::pair<int, int> const&)"})
    EXPECT_EQ(bare_name(name), "walk") << name;
  EXPECT_EQ(bare_name("port::operator<(int, int)"), "operator<");
}

}  // namespace
}  // namespace shim
