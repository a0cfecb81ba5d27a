// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/findings.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "fuzz/targets.h"
#include "tool/replay/input.h"
#include "tool/support/files.h"

namespace tool {
namespace {

Input input(const TemporaryFolder& folder, const std::string& program) {
  return read_input(folder.write("a.iova", program));
}

TEST(FindingStore, GoesPastWhatItIsAskedTo) {
  const iova_variant& variant = parse_variant("6.12").variant();
  const std::string key = "slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc";
  for (const std::string& past : {std::string(), key, std::string("slab-free-null")}) {
    TemporaryFolder folder;
    StoreOptions options{.use_ledger = false};
    if (!past.empty()) options.past = {past};
    FindingStore store(folder.path(), {&variant, "", nullptr, ""}, options);
    const Input null = input(folder, "cache_get\ninit\nfail 0x10\ninit_rcaches\n");
    const TakenInput taken = store.take(null, fuzz::iova_domain, 0, "");
    EXPECT_EQ(taken.key, key);
    EXPECT_EQ(taken.new_finding != nullptr, past.empty());
    EXPECT_EQ(store.is_past(key), !past.empty());
    if (!past.empty()) {
      EXPECT_EQ(read_file(store.known_file()), past + "\n");
    }
    // What comes behind it is new all the same.
    const Input more =
        input(folder, "cache_get\ninit\nfail 0x10\ninit_rcaches\n"
                      "alloc unaligned size=1000 limit=1023\nalloc size=32 limit=1023\n"
                      "alloc size=32\n");
    EXPECT_TRUE(store.take(more, fuzz::iova_domain, 0, "").new_finding);
  }
}

// Allocators that are compared may differ in each operation for a reason of its own.
TEST(FindingStore, KeepsEveryOperationThatDiffers) {
  static const iova_variant& expected = parse_variant("6.12").variant();
  iova_variant actual = expected;
  actual.strict = false;
  actual.fields = [](const void* domain, iova_fields* fields) {
    expected.fields(domain, fields);
    if (fields->cached32_lo != IOVA_ANCHOR_PFN) fields->max32_alloc_size = 77;
  };
  TemporaryFolder folder;
  FindingStore store(folder.path(), {&actual, "", &expected, "diff"}, {});
  for (const char* call : {"alloc", "alloc_fast"}) {
    const Input one =
        input(folder, fmt::format("cache_get\ninit\ninit_rcaches\n{}\nput\ncache_put\n", call));
    const TakenInput taken = store.take(one, fuzz::iova_port_vs_kernel, 0, "");
    EXPECT_EQ(taken.key.rfind("variants-differ:", 0), 0u) << taken.key;
    ASSERT_TRUE(taken.new_finding) << call;
    EXPECT_TRUE(taken.new_finding->is_difference);
  }
  EXPECT_EQ(store.findings().size(), 2u);
}

}  // namespace
}  // namespace tool
