// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/issues.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/views.h"
#include "shim/slab.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

const engine::KnownFinding& issue(const std::string& id) {
  for (const engine::KnownFinding& known : engine::ledger())
    if (known.id == id) return known;
  throw std::runtime_error(id);
}

std::string id_of(const std::string& key, const iova_variant& variant) {
  const engine::KnownFinding* known = find_issue(key, variant);
  return known ? known->id : "";
}

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

TEST(Issues, ResembleWhatHasTheirOracleAndTheirOperation) {
  const engine::KnownFinding& null = issue("mag-free-null");
  EXPECT_TRUE(resembles(null, null.keys[0]));
  EXPECT_TRUE(resembles(null, "slab-free-null:another:init_rcaches:another_one"));
  EXPECT_FALSE(resembles(null, "slab-free-null:iova_magazine_free:put:iova_magazine_alloc"));
  EXPECT_FALSE(resembles(null, "slab-leak:iova_magazine_free:init_rcaches:none"));
  for (const char* key : {"", "timeout", "unknown"}) EXPECT_FALSE(resembles(null, key));
}

// What the models would name is a plain failure without them.
TEST(Issues, AreKnownByWhatTheirReproducersShowWithoutViews) {
  const iova_variant& whole = parse_variant("6.12").variant();
  const iova_variant blind = engine::without_views(whole);
  const std::string refused = "spurious-failure:alloc_iova:alloc:none";
  const IssueState state = state_of(issue("hint-poisoned"), blind);
  EXPECT_EQ(state.state, IssueState::other);
  EXPECT_EQ(state.key, refused);
  EXPECT_NE(state.why.find(refused), std::string::npos) << state.why;
  EXPECT_NE(state.why.find("hint"), std::string::npos) << state.why;
  EXPECT_EQ(id_of(refused, blind), "hint-poisoned");
  EXPECT_TRUE(has(issue_keys(blind), refused));
  EXPECT_EQ(id_of(refused, whole), "");
  EXPECT_EQ(issue_keys(whole), engine::known_keys(whole));
  // Not any such failure.
  EXPECT_EQ(id_of("spurious-failure:alloc_iova_fast:alloc_fast:none", blind), "");
  const iova_variant fixed = engine::without_views(parse_variant("fixed").variant());
  EXPECT_EQ(id_of(refused, fixed), "");
  EXPECT_TRUE(issue_keys(fixed).empty());
}

// A broken rule of the shim is never what is left of an issue whose view is missing.
TEST(Issues, HideNoBrokenMemory) {
  static const iova_variant& whole = parse_variant("6.12").variant();
  iova_variant broken = engine::without_views(whole);
  broken.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) {
    void* iova = whole.alloc(domain, size, limit, aligned);
    if (iova) return iova;
    void* object = kmalloc(8, GFP_KERNEL);
    kfree(object);
    kfree(object);
    return iova;
  };
  const IssueState state = state_of(issue("hint-poisoned"), broken);
  EXPECT_TRUE(state.key.starts_with("slab-double-free:")) << state.key;
  EXPECT_EQ(state.state, IssueState::other);
  EXPECT_EQ(id_of(state.key, broken), "");
  EXPECT_FALSE(has(issue_keys(broken), state.key));
}

// As trees before v5.18 have it: what init_iova_domain() does itself was not left out.
TEST(Issues, AreRepairedWhereInitHasDoneWhatWasSkipped) {
  static const iova_variant& good = parse_variant("6.1").variant();
  iova_variant old = good;
  old.init_rcaches = nullptr;
  old.init_domain = [](void* domain, unsigned long granule, unsigned long start_pfn) {
    good.init_domain(domain, granule, start_pfn);
    good.init_rcaches(domain);
  };
  const IssueState timer = state_of(issue("queue-timer-not-waited"), old);
  EXPECT_STREQ(timer.in_words(), "repaired in this tree") << timer.why;
  const IssueState null = state_of(issue("mag-free-null"), old);
  EXPECT_STREQ(null.in_words(), "not applicable");
  EXPECT_FALSE(null.why.empty());
  // A step that nobody did is another matter.
  const program::Program program = program::parse("cache_get\ninit\nqueue_init\n");
  EXPECT_EQ(not_asked(program, {{.operation = 2, .skipped = true, .outcome = "no queue"}}, true),
            "no queue");
}

}  // namespace
}  // namespace tool
