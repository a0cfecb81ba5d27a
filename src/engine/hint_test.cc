// SPDX-License-Identifier: GPL-2.0-only
// Refusals of requests that fit: which are the hint's known quirks, and which are something else.
#include "engine/hint.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "iova/port_variants.h"
#include "testing/literally.h"

namespace engine {
namespace {

const iova_variant& buggy = port::v7_3::variant;
const iova_variant& fixed = port::fixed::variant;

const std::string lower_limit = "hint-lower-limit:";
const std::string aligned = "hint-aligned:";
const std::string unexplained = "spurious-failure:";

void expect_death(const iova_variant& variant, const std::string& text, const std::string& key) {
  EXPECT_DEATH(run(variant, program::parse(text)), literally("==iovafuzz== key: " + key));
}

// All but 16 pages below 4 GiB, which lie at the top.
const std::string ready = "cache_get\ninit\ninit_rcaches\n";
const std::string few_left = ready + "reserve lo=1 size=0xfffef\n";
// Under its limit nothing of that size is free; the hint becomes 8.
const std::string fails_low = "alloc size=8 limit=20\n";

TEST(Hint, LowerLimitExplainsARefusal) {
  expect_death(buggy, few_left + fails_low + "alloc size=8\n", lower_limit + "alloc_iova:alloc:");
  run(fixed, program::parse(few_left + fails_low + "alloc size=8\n"));
}

TEST(Hint, LowerLimitExplainsRefusalsOfMore) {
  expect_death(buggy, few_left + fails_low + "alloc unaligned size=11\n", lower_limit);
}

TEST(Hint, LowerLimitExplainsRefusalsOnTheFastPathWhenTheFlushFreesNothing) {
  expect_death(buggy, few_left + fails_low + "alloc_fast size=7\n",
               lower_limit + "alloc_iova_fast:alloc_fast:none");
}

TEST(Hint, FastRequestSetsItWithItsRoundedSize) {
  expect_death(buggy, few_left + "alloc_fast size=7 limit=20\nalloc size=8\n", lower_limit);
}

TEST(Hint, LowerLimitGoesBeforeAlignment) {
  expect_death(buggy, few_left + fails_low + "alloc unaligned size=8\n", lower_limit);
}

TEST(Hint, AlignmentExplainsARefusal) {
  std::string text = ready + "reserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=4\nalloc size=8\n"
                             "alloc unaligned size=8\n";
  expect_death(buggy, text, aligned + "alloc_iova:alloc:none");
  run(fixed, program::parse(text));
}

// A request above 4 GiB does not ask the hint but sets it.
TEST(Hint, AlignedFailureAbove4GExplainsARefusal) {
  expect_death(buggy,
               ready + "reserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=32\n"
                       "alloc size=8 limit=dma32+27\nalloc unaligned size=8\n",
               aligned);
}

// An allocator of its own mind about the hint, which is 8 when it has failed and never reset.
unsigned long stubborn_hint;

iova_variant stubborn() {
  iova_variant variant = fixed;
  stubborn_hint = 0x100000;
  variant.alloc = [](void* domain, unsigned long size, unsigned long limit, bool align) -> void* {
    if (limit < 0x100000 && size >= stubborn_hint) return nullptr;
    void* iova = fixed.alloc(domain, size, limit, align);
    if (!iova) stubborn_hint = size;
    return iova;
  };
  variant.fields = [](const void* domain, iova_fields* fields) {
    fixed.fields(domain, fields);
    fields->max32_alloc_size = stubborn_hint;
  };
  return variant;
}

TEST(Hint, NotResetByAFreeIsNoKnownQuirk) {
  expect_death(stubborn(), few_left + "alloc size=8 x2\nalloc size=8\nfree\nalloc size=8\n",
               unexplained + "alloc_iova:alloc:none");
}

TEST(Hint, NotResetByAFreeIsNoKnownQuirkForALowerLimitEither) {
  expect_death(stubborn(),
               few_left + "alloc size=8\nalloc slot=b size=8\nalloc size=8\nfree slot=b\n"
                          "alloc size=8 limit=dma32-4\n",
               unexplained);
}

TEST(Hint, OfWhichNobodyKnowsTheCauseExplainsNothing) {
  iova_variant variant = stubborn();
  stubborn_hint = 4;
  expect_death(variant, few_left + "alloc size=8\n", unexplained);
}

TEST(Hint, CauseIsForgottenWithItsDomain) {
  expect_death(stubborn(), ready + "alloc size=64 limit=20\nput\ninit\nalloc size=64\n",
               unexplained);
}

TEST(Hint, LatestCauseCounts) {
  std::string text = few_left + "alloc size=8 x2\nalloc slot=b size=8 limit=20\n"
                                "alloc slot=b size=4\nfree x2\nalloc size=8\n";
  run(buggy, program::parse(text));
  expect_death(stubborn(), text, unexplained);
}

// The last 16 pages below 4 GiB are cached, and a request under the full limit has set the hint.
const std::string cached = few_left + "alloc_fast size=8 x2\nfree_fast x2\nalloc slot=b size=8\n";

// The first try is refused, the flush resets the hint, and the second try sets the same value, but
// for its own limit.
TEST(Hint, IsSetAnewByTheTryAfterAFlush) {
  std::string text = cached + "alloc_fast slot=b size=8 limit=40\nalloc size=8\n";
  expect_death(buggy, text, lower_limit);
  run(fixed, program::parse(text));
}

TEST(Hint, IsSetAnewByTheTryAfterAFlushWhenTheFirstFoundNoMemory) {
  expect_death(buggy, cached + "fail 0x1\nalloc_fast slot=b size=8 limit=40\nalloc size=8\n",
               lower_limit);
}

TEST(Hint, IsNotSetAnewWhenTheTryAfterAFlushFindsNoMemory) {
  run(buggy,
      program::parse(cached + "fail 0x2\nalloc_fast slot=b size=8 limit=40\nalloc size=8\n"));
}

TEST(Hint, KeepsItsCauseWhenAFlushFreesRangesAbove4GOnly) {
  std::string text = few_left + fails_low + "alloc_fast limit=dma32+99\nfree_fast\n";
  expect_death(buggy, text + "alloc_fast size=8\n", lower_limit);
  expect_death(buggy, text + "fail 0x1\nalloc_fast size=8\nalloc size=8\n", lower_limit);
}

// The walk of a fast request above 4 GiB sets the hint although the try after the flush succeeds.
TEST(Hint, IsSetByAFastRequestThatSucceedsAfterAFlush) {
  expect_death(buggy,
               ready + "reserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=4\n"
                       "alloc_fast size=4 x2 limit=dma32+7\nfree_fast x2\n"
                       "alloc_fast size=8 limit=dma32+7\nalloc unaligned size=8\n",
               aligned);
}

}  // namespace
}  // namespace engine
