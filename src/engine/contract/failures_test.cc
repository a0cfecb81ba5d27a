// SPDX-License-Identifier: GPL-2.0-only
// What failed reservations may leave behind.
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "iova/port_variants.h"
#include "testing/literally.h"

namespace engine {
namespace {

constexpr const char* partial = "cache_get\ninit\nreserve lo=100 size=10\n"
                                "reserve lo=120 size=10\nfail 0x1\nreserve lo=90 size=100\n";
const std::string partial_key = "reserve-partial:reserve_iova:reserve:alloc_iova_mem";

TEST(FailedReservation, MayKeepAPrefixOnly) {
  EXPECT_DEATH(run(port::v7_3::variant, program::parse(partial)), literally(partial_key));
  run(port::fixed::variant, program::parse(partial));
}

// An error other than the known one, which the run continues past.
void expect_traces(void* (*reserve)(void*, unsigned long, unsigned long)) {
  iova_variant broken = port::fixed::variant;
  broken.reserve = reserve;
  std::string known[] = {partial_key};
  EXPECT_DEATH(run(broken, program::parse(partial), {.known = known}),
               literally("key: failure-left-traces:reserve_iova:reserve:alloc_iova_mem"));
}

TEST(FailedReservation, MayNotKeepAnotherPart) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = port::fixed::variant.reserve(domain, lo, hi)) return iova;
    port::fixed::variant.reserve(domain, 105, hi);
    return nullptr;
  });
}

TEST(FailedReservation, MayNotReachBelowItsRange) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = port::fixed::variant.reserve(domain, lo, hi)) return iova;
    port::fixed::variant.reserve(domain, lo - 1, 100);
    return nullptr;
  });
}

TEST(FailedReservation, MayNotLoseAnotherRangeOfTheSameSize) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = port::fixed::variant.reserve(domain, lo, hi)) return iova;
    port::fixed::variant.free_pfn(domain, 120);
    port::fixed::variant.reserve(domain, 90, 100);
    return nullptr;
  });
}

TEST(FailedReservation, MayNotChangeTheNumberOfObjects) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = port::fixed::variant.reserve(domain, lo, hi)) return iova;
    port::fixed::variant.reserve(domain, lo, 99);
    return nullptr;
  });
}

}  // namespace
}  // namespace engine
