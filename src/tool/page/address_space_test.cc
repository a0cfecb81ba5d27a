// SPDX-License-Identifier: GPL-2.0-only
#include "tool/page/address_space.h"

#include <gtest/gtest.h>

#include <utility>

#include "tool/page/page_check_test.h"

namespace tool {
namespace {

json node(uint64_t lo, uint64_t hi) { return json::array({lo, hi}); }

json domain(json owned, json nodes, json magazines = json::array()) {
  return {{"number", 0},
          {"start_pfn", 1},
          {"first_pfn_above_32bit", 0x100000},
          {"owned", std::move(owned)},
          {"shown", {{"nodes", std::move(nodes)}, {"magazines", std::move(magazines)}}}};
}

json range(uint64_t lo, uint64_t hi, const char* kind, int slot) {
  return {{"lo", lo}, {"hi", hi}, {"kind", kind}, {"slot", slot}};
}

json request(const char* function, uint64_t limit) {
  return {{"function", function}, {"size", 16},       {"limit", limit}, {"pfn", 0},
          {"over", true},         {"granted", false}, {"aligned", true}};
}

const MapRow& row_at(const std::vector<MapRow>& rows, uint64_t pfn) {
  for (const MapRow& row : rows)
    if (row.lo <= pfn && pfn <= row.hi) return row;
  static const MapRow none;
  return none;
}

TEST(AddressSpace, CoversAllPagesOnceFromTheTop) {
  const json before = domain(list(range(0x10, 0x1f, "alloc", 0)), list(node(0x10, 0x1f)));
  const json now =
      domain(list(range(0x10, 0x1f, "alloc", 0), range(0xffff0, 0xfffff, "alloc_fast", 1)),
             list(node(0x10, 0x1f), node(0xffff0, 0xfffff)));
  const std::vector<MapRow> rows = address_space(before, now, json(), true, true);
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.back().lo, 1u);
  for (size_t i = 1; i < rows.size(); i++) EXPECT_EQ(rows[i].hi + 1, rows[i - 1].lo);
  EXPECT_EQ(row_at(rows, 0x15).now.kind, "owned");
  EXPECT_EQ(row_at(rows, 0x15).now.text, "a: alloc");
  EXPECT_FALSE(row_at(rows, 0x15).is_changed);
  EXPECT_EQ(row_at(rows, 0xffff5).before.kind, "free");
  EXPECT_EQ(row_at(rows, 0xffff5).now.text, "b: alloc_fast");
  EXPECT_TRUE(row_at(rows, 0xffff5).is_changed);
  EXPECT_EQ(row_at(rows, 0xfffff).above, "4 GiB, pfn 0x100000");
}

TEST(AddressSpace, ShowsWhatIsAtOdds) {
  struct Case {
    json owned, nodes, magazines;
    const char* text;
  };
  const json a = range(0x10, 0x1f, "alloc", 0);
  const json in_magazine =
      list(json{{"bin", 4}, {"cpu", 1}, {"previous", false}, {"pfns", list(0x10)}});
  const json none = json::array(), one = list(node(0x10, 0x1f));
  for (const Case& is : std::vector<Case>{
           {list(a, range(0x18, 0x27, "alloc", 1)), list(node(0x10, 0x27)), none, "two owners"},
           {list(a), none, none, "no node in the tree"},
           {list(a), list(node(0x10, 0x1f), node(0x18, 0x27)), none, "two nodes"},
           {list(a), one, in_magazine, "also in CPU 1's loaded magazine"},
           {none, one, none, "without an owner"},
           {list(a), list(node(0x20, 0x2f), node(0x10, 0x1f)), none, "out of order in the tree"},
           {none, none, in_magazine, "in CPU 1's loaded magazine, but no node"}}) {
    const auto rows =
        address_space(json(), domain(is.owned, is.nodes, is.magazines), json(), true, true);
    EXPECT_EQ(row_at(rows, 0x18).now.kind, "wrong") << is.text;
    EXPECT_NE(row_at(rows, 0x18).now.text.find(is.text), std::string::npos)
        << row_at(rows, 0x18).now.text;
    EXPECT_EQ(row_at(rows, 0x18).before.kind, "");  // no earlier moment
  }
}

// While a call runs, the tree may be ahead of the records of owners or behind them.
TEST(AddressSpace, CallsNothingWrongThatIsUnderWay) {
  const json before = domain(list(range(0x10, 0x1f, "alloc", 0)), list(node(0x10, 0x1f)));
  const json now = domain(json::array(), list(node(0x10, 0x1f)));
  json call = request("free_iova", 0);
  call["over"] = false;
  call["lo"] = 0x10;
  call["hi"] = 0x1f;
  EXPECT_EQ(row_at(address_space(before, now, call, true, false), 0x10).now.kind, "returned");
  const json waiting = domain(list(range(0x10, 0x1f, "alloc", 0)), json::array());
  EXPECT_EQ(row_at(address_space(before, waiting, json(), true, false), 0x10).now.kind, "owned");
}

TEST(AddressSpace, MarksTheRequest) {
  json call = request("alloc_iova", 0x7f);
  auto rows = address_space(json(), domain(json::array(), json::array()), call, true, true);
  EXPECT_EQ(row_at(rows, 0x7f).above, "limit_pfn 0x7f");
  call["granted"] = true;
  call["lo"] = 0x70;
  call["hi"] = 0x7f;
  rows = address_space(json(), domain(json::array(), list(node(0x70, 0x7f))), call, true, true);
  EXPECT_EQ(row_at(rows, 0x75).now.kind, "granted");
  call["booked"] = true;
  const json booked = domain(list(range(0x70, 0x7f, "alloc", 0)), list(node(0x70, 0x7f)));
  rows = address_space(json(), booked, call, true, true);
  EXPECT_EQ(row_at(rows, 0x75).now.text, "a: alloc, granted now");
  call["booked"] = false;
  // A range that is already owned.
  const json old = domain(list(range(0x70, 0x7f, "alloc", 0)), list(node(0x70, 0x7f)));
  rows = address_space(old, old, call, true, true);
  EXPECT_EQ(row_at(rows, 0x75).now.text, "two owners: a: alloc and granted now by alloc_iova");
}

TEST(AddressSpace, ShowsWhereARefusedRequestFits) {
  const json now = domain(list(range(0x68, 0x7f, "alloc", 0)), list(node(0x68, 0x7f)));
  auto rows = address_space(json(), now, request("alloc_iova", 0x7f), true, true);
  EXPECT_EQ(row_at(rows, 0x50).now.kind, "fits");
  EXPECT_NE(row_at(rows, 0x50).now.text.find("at 0x50..0x5f"), std::string::npos);
  // No room below the limit: the free rows stay as they are.
  rows = address_space(json(), now, request("alloc_iova", 0xe), true, true);
  EXPECT_EQ(row_at(rows, 0xe).now.kind, "free");
  EXPECT_EQ(row_at(rows, 0x100).now.kind, "free");
}

TEST(AddressSpace, ShowsWhatWasGrantedOutsideOfTheRequest) {
  json call = request("alloc_iova_fast", 0x20);
  call["granted"] = true;
  call["lo"] = 0x70;
  call["hi"] = 0x7f;
  const auto rows =
      address_space(json(), domain(json::array(), list(node(0x70, 0x7f))), call, true, true);
  EXPECT_EQ(row_at(rows, 0x70).now.kind, "wrong");
  EXPECT_EQ(row_at(rows, 0x70).now.text, "granted now by alloc_iova_fast, above limit_pfn");
}

TEST(AddressSpace, ARangeThatWasRoundedUpIsNotLost) {
  const auto rows =
      address_space(json(), domain(list(range(0x10, 0x12, "alloc", 0)), list(node(0x10, 0x13))),
                    json(), true, true);
  EXPECT_EQ(row_at(rows, 0x13).now.kind, "rounded");
}

TEST(AddressSpace, AQueuedRangeIsInARing) {
  json queued = range(0x10, 0x1f, "queued", 0);
  queued.erase("slot");
  json is = domain(list(queued), list(node(0x10, 0x1f)));
  is["shown"]["queue"]["entries"] = list(json{{"pfn", 0x10}});
  EXPECT_EQ(row_at(address_space(json(), is, json(), true, true), 0x10).now.kind, "queued");
  is["shown"]["queue"]["entries"] = json::array();
  const auto rows = address_space(json(), is, json(), true, true);
  EXPECT_EQ(row_at(rows, 0x10).now.kind, "wrong");
  EXPECT_EQ(row_at(rows, 0x10).now.text, "queued, but in no ring");
  // A flush in progress may be about to release it.
  EXPECT_EQ(row_at(address_space(json(), is, json(), true, false), 0x10).now.kind, "queued");
}

TEST(AddressSpace, ManyRangesComeToFewRows) {
  json owned = json::array(), nodes = json::array();
  for (uint64_t i = 0; i < 3000; i++) {
    owned.push_back(range(0x1000 + 2 * i, 0x1000 + 2 * i, "alloc", 0));
    nodes.push_back(node(0x1000 + 2 * i, 0x1000 + 2 * i));
  }
  const json before = domain(owned, nodes);
  owned.erase(1500);
  const auto rows = address_space(before, domain(owned, nodes), json(), true, true);
  EXPECT_LT(rows.size(), 30u);
  EXPECT_EQ(row_at(rows, 0x1000 + 3000).now.kind, "wrong");
  // Neighbours of the same kind become one row.
  owned = nodes = json::array();
  for (uint64_t i = 0; i < 256; i++) {
    owned.push_back(range(0x1000 + i, 0x1000 + i, "alloc", 0));
    nodes.push_back(node(0x1000 + i, 0x1000 + i));
  }
  const auto joined = address_space(json(), domain(owned, nodes), json(), true, true);
  EXPECT_EQ(row_at(joined, 0x1080).lo, 0x1000u);
  EXPECT_EQ(row_at(joined, 0x1080).parts, 256u);
}

}  // namespace
}  // namespace tool
