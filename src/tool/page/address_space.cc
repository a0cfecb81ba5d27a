// SPDX-License-Identifier: GPL-2.0-only
#include "tool/page/address_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <set>

namespace tool {
namespace {

struct Item {
  enum Kind { owner, node, cached, granted } kind;
  uint64_t lo, hi;
  std::string state;  // of an owner; of a node: "misplaced" or ""
  std::string text;
};

// Everything that covers pages of a domain at one moment.
class Layer {
 public:
  Layer(const json& domain, const json& call, bool is_quiet) : is_quiet_(is_quiet) {
    if (domain.is_null()) return;
    is_there_ = true;
    const json shown = domain.value("shown", json::object());
    sees_nodes_ = shown.contains("nodes");
    std::set<uint64_t> in_ring;
    const bool sees_rings = shown.contains("queue");
    if (sees_rings)
      for (const json& entry : shown["queue"].at("entries"))
        in_ring.insert(entry.at("pfn").get<uint64_t>());
    for (const json& range : domain.at("owned")) {
      const std::string kind = range.at("kind");
      std::string text = kind;
      if (range.contains("slot"))
        text = fmt::format("{}: {}", static_cast<char>('a' + range["slot"].get<int>()), kind);
      const char* state = kind == "reserved" ? "reserved" : kind == "queued" ? "queued" : "owned";
      if (kind == "queued") {
        const bool is_lost = sees_rings && !in_ring.contains(range.at("lo"));
        text = is_lost ? "queued, but in no ring" : "queued for a flush";
        if (is_lost && is_quiet) state = "wrong";
      }
      items_.push_back({Item::owner, range.at("lo"), range.at("hi"), state, text});
    }
    uint64_t last = 0;
    for (const json& node : shown.value("nodes", json::array())) {
      const uint64_t lo = node.at(0);
      items_.push_back({Item::node, lo, node.at(1), lo < last ? "misplaced" : "", ""});
      last = lo;
    }
    for (const json& magazine : shown.value("magazines", json::array())) {
      const unsigned bin = magazine.at("bin");
      const int cpu = magazine.at("cpu");
      const std::string place =
          cpu < 0 ? "depot"
                  : fmt::format("CPU {}'s {} magazine", cpu,
                                magazine.at("previous") == true ? "previous" : "loaded");
      for (const json& pfn : magazine.at("pfns")) {
        const uint64_t lo = pfn;
        items_.push_back({Item::cached, lo, lo + (uint64_t{1} << bin) - 1, "", place});
      }
    }
    if (!call.is_null() && call.contains("lo")) add_call(call);
    std::sort(items_.begin(), items_.end(),
              [](const Item& a, const Item& b) { return a.lo < b.lo; });
    for (const char* mark : {"cached_node", "cached32_node"})
      if (shown.contains(mark)) marks_.push_back({shown[mark].get<uint64_t>(), mark});
  }

  bool is_there() const { return is_there_; }
  const std::vector<Item>& items() const { return items_; }
  const std::vector<std::pair<uint64_t, std::string>>& marks() const { return marks_; }

  // The cell of pages that belong together; calls must go upwards.
  MapCell cell(uint64_t lo, const void** identity) {
    while (next_ < items_.size() && items_[next_].lo <= lo) active_.push_back(&items_[next_++]);
    std::erase_if(active_, [=](const Item* item) { return item->hi < lo; });
    std::vector<const Item*> of[4];
    for (const Item* item : active_) of[item->kind].push_back(item);
    const auto &owners = of[Item::owner], &nodes = of[Item::node], &cached = of[Item::cached],
               &granted = of[Item::granted];
    *identity = !owners.empty()    ? owners[0]
                : !granted.empty() ? granted[0]
                : !cached.empty()  ? cached[0]
                : !nodes.empty()   ? nodes[0]
                                   : nullptr;
    if (!is_there_) return {};
    const Item* owner = !owners.empty() ? owners[0] : !granted.empty() ? granted[0] : nullptr;
    if (owners.size() + granted.size() > 1) {
      const Item* other = owners.size() > 1 ? owners[1] : granted[0];
      return wrong(fmt::format("two owners: {} and {}", owner->text, other->text));
    }
    if (nodes.size() > 1) return wrong("two nodes in the tree");
    if (cached.size() > 1)
      return wrong(fmt::format("cached twice: {} and {}", cached[0]->text, cached[1]->text));
    if (owner && !cached.empty())
      return wrong(fmt::format("{}, but also in {}", owner->text, cached[0]->text));
    if (!nodes.empty() && nodes[0]->state == "misplaced")
      return wrong(fmt::format("{}: its node is out of order in the tree",
                               owner ? owner->text : "no owner"));
    const bool lacks_node = sees_nodes_ && nodes.empty();
    if (owner) {
      MapCell cell{owner->state, owner->text, false, {}};
      if (lacks_node && is_quiet_) return wrong(owner->text + ", but no node in the tree");
      if (lacks_node) cell.text += ", no node yet";
      return cell;
    }
    if (!cached.empty()) {
      if (lacks_node) return wrong(fmt::format("in {}, but no node in the tree", cached[0]->text));
      return {"cached", "in " + cached[0]->text, false, {}};
    }
    if (nodes.empty()) return {"free", "free", false, {}};
    if (lo >= returned_lo_ && lo <= returned_hi_)
      return {"returned", "given back, still in the tree", false, {}};
    if (is_in_node_of(*nodes[0], "reserved"))
      return wrong("in the node of a reservation, but not reserved");
    if (is_in_node_of(*nodes[0], ""))
      return {"rounded", "same node, beyond the request", false, {}};
    if (is_quiet_) return wrong("lost: a node without an owner");
    return {"returned", "a node in transit", false, {}};
  }

 private:
  static MapCell wrong(std::string text) { return {"wrong", std::move(text), false, {}}; }

  void add_call(const json& call) {
    const uint64_t lo = call.at("lo"), hi = call.at("hi");
    if (call.at("granted") != true) {
      returned_lo_ = lo;
      returned_hi_ = hi;
      return;
    }
    for (Item& item : items_)
      if (item.kind == Item::owner && item.lo == lo && item.hi == hi &&
          call.value("booked", false)) {
        item.state = "granted";
        item.text += ", granted now";
        return;
      }
    items_.push_back({Item::granted, lo, hi, "granted",
                      fmt::format("granted now by {}", call.at("function").get<std::string>())});
  }

  // Whether an item in that state ("" for any) overlaps the node. Nodes may be larger than their
  // range: old allocators round sizes up.
  bool is_in_node_of(const Item& node, const std::string& state) const {
    return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
      return item.kind != Item::node && item.lo <= node.hi && item.hi >= node.lo &&
             (state.empty() || item.state == state);
    });
  }

  bool is_there_ = false, sees_nodes_ = false, is_quiet_;
  std::vector<Item> items_;
  std::vector<std::pair<uint64_t, std::string>> marks_;
  uint64_t returned_lo_ = 1, returned_hi_ = 0;
  size_t next_ = 0;
  std::vector<const Item*> active_;
};

// Marks what was granted outside the request's limits or, for a refused request, the highest free
// place where it fits, as the allocator searches it. Rows are in ascending order.
void judge_request(std::vector<MapRow>& rows, const json& call, uint64_t start, uint64_t limit) {
  const uint64_t size = call.at("size");
  if (call.at("granted") == true) {
    for (MapRow& row : rows) {
      const bool is_outside = row.lo > limit || row.hi < start;
      if (row.now.kind == "granted" && is_outside)
        row.now = {"wrong",
                   row.now.text + (row.lo > limit ? ", above limit_pfn" : ", below start_pfn"),
                   false, row.now.marks};
    }
    return;
  }
  const uint64_t alignment = call.at("aligned") == true ? std::bit_ceil(size) : 1;
  for (size_t end = rows.size(); end > 0;) {
    if (rows[end - 1].now.kind != "free" || rows[end - 1].lo > limit) {
      end--;
      continue;
    }
    size_t begin = end - 1;
    while (begin > 0 && rows[begin - 1].now.kind == "free") begin--;
    const uint64_t lo = std::max(rows[begin].lo, start), hi = std::min(rows[end - 1].hi, limit);
    const uint64_t space = hi < lo ? 0 : hi - lo + 1;
    const uint64_t at = space < size ? 0 : (hi - size + 1) / alignment * alignment;
    if (space >= size && at >= lo) {
      for (size_t i = begin; i < end; i++)
        if (rows[i].lo <= hi && rows[i].hi >= at)
          rows[i].now = {"fits",
                         fmt::format("free: the {} would fit, at {}",
                                     size == 1 ? "page" : fmt::format("{} pages", size),
                                     pages(at, at + size - 1)),
                         false, rows[i].now.marks};
      return;
    }
    end = begin;
  }
}

bool look_alike(const MapCell& a, const MapCell& b) {
  return a.kind == b.kind && a.text == b.text && a.marks == b.marks;
}

// Joins many small similar ranges into one row.
std::vector<MapRow> joined(const std::vector<MapRow>& rows) {
  constexpr size_t few = 3;
  std::vector<MapRow> result;
  for (size_t i = 0; i < rows.size();) {
    size_t end = i + 1;
    const auto is_dull = [](const MapRow& row) {
      return row.above.empty() && row.before.kind != "wrong" && row.now.kind != "wrong" &&
             row.before.marks.empty() && row.now.marks.empty();
    };
    if (is_dull(rows[i]))
      while (end < rows.size() && is_dull(rows[end]) &&
             look_alike(rows[end].before, rows[i].before) && look_alike(rows[end].now, rows[i].now))
        end++;
    if (end - i <= few) {
      result.push_back(rows[i++]);
      continue;
    }
    result.push_back(rows[i]);  // rows are in descending order
    result.back().lo = rows[end - 1].lo;
    result.back().parts = 0;
    for (size_t j = i; j < end; j++)
      result.back().parts += !(rows[j].before.is_continued && rows[j].now.is_continued);
    i = end;
  }
  return result;
}

// If there are too many rows, drops those far from any change.
std::vector<MapRow> shortened(const std::vector<MapRow>& rows) {
  constexpr size_t most = 40;
  constexpr ptrdiff_t near = 2;
  if (rows.size() <= most) return rows;
  std::vector<bool> shown(rows.size());
  auto show = [&](size_t i) {
    for (ptrdiff_t j = -near; j <= near; j++) {
      ptrdiff_t at = static_cast<ptrdiff_t>(i) + j;
      if (at >= 0 && at < static_cast<ptrdiff_t>(rows.size()))
        shown[static_cast<size_t>(at)] = true;
    }
  };
  size_t told = 0;
  for (size_t i = 0; i < rows.size(); i++) {
    const MapRow& row = rows[i];
    const bool is_wrong = row.before.kind == "wrong" || row.now.kind == "wrong";
    const bool happens = row.is_changed || is_wrong || !row.above.empty();
    if (happens && told < most) {
      show(i);
      told++;
    }
  }
  show(0);
  show(rows.size() - 1);
  std::vector<MapRow> result;
  for (size_t i = 0; i < rows.size(); i++) {
    if (shown[i]) {
      result.push_back(rows[i]);
      continue;
    }
    if (result.empty() || !result.back().rows_left) {
      result.push_back(rows[i]);
      result.back().rows_left = 0;
    }
    result.back().lo = rows[i].lo;
    result.back().rows_left++;
  }
  return result;
}

}  // namespace

std::string pages(uint64_t lo, uint64_t hi) {
  return lo == hi ? fmt::format("{:#x}", lo) : fmt::format("{:#x}..{:#x}", lo, hi);
}

std::vector<MapRow> address_space(const json& before, const json& now, const json& call,
                                  bool was_quiet, bool is_quiet) {
  Layer old(before, json(), was_quiet), current(now, call, is_quiet);
  const json& domain = now.is_null() ? before : now;
  if (domain.is_null()) return {};
  const uint64_t start = domain.at("start_pfn"), first_above = domain.at("first_pfn_above_32bit");
  const bool asks = !call.is_null() && call.value("size", uint64_t{0}) &&
                    call.at("function").get<std::string>().starts_with("alloc");
  const uint64_t limit = asks ? call.at("limit").get<uint64_t>() : 0;

  constexpr uint64_t highest = ~uint64_t{0} - 1;  // below the anchor
  std::set<uint64_t> begins{start, first_above};
  uint64_t top = std::max(start, first_above);
  for (const Layer* layer : {&old, &current})
    for (const Item& item : layer->items()) {
      begins.insert(item.lo);
      if (item.hi < highest) begins.insert(item.hi + 1);
      top = std::max(top, item.hi);
    }
  if (asks && limit < highest) begins.insert(limit + 1);
  std::vector<MapRow> rows;
  const void *below[2] = {nullptr, nullptr}, *at[2];
  for (auto begin = begins.begin(); begin != begins.end(); ++begin) {
    auto next = std::next(begin);
    MapRow row;
    row.lo = *begin;
    row.hi = next == begins.end() ? highest : *next - 1;
    row.before = old.cell(row.lo, &at[0]);
    row.now = current.cell(row.lo, &at[1]);
    row.is_changed = old.is_there() && !look_alike(row.before, row.now);
    for (const Layer* layer : {&old, &current})
      for (const auto& [pfn, mark] : layer->marks())
        if (pfn == row.lo) (layer == &old ? row.before : row.now).marks.push_back(mark);
    auto add_line = [&](const std::string& text) {
      row.above += (row.above.empty() ? "" : ", ") + text;
    };
    if (asks && row.hi == limit) add_line(fmt::format("limit_pfn {:#x}", limit));
    if (row.hi == first_above - 1) add_line(fmt::format("4 GiB, pfn {:#x}", first_above));
    if (row.hi == start - 1) add_line(fmt::format("start_pfn {:#x}", start));
    // Rows are reversed later, so the lower row is the one that continues.
    if (!rows.empty()) {
      rows.back().before.is_continued = at[0] && at[0] == below[0];
      rows.back().now.is_continued = at[1] && at[1] == below[1];
    }
    std::copy(at, at + 2, below);
    rows.push_back(std::move(row));
  }
  if (asks && call.at("over") == true) judge_request(rows, call, start, limit);
  std::reverse(rows.begin(), rows.end());
  return shortened(joined(rows));
}

}  // namespace tool
