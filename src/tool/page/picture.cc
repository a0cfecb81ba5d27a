// SPDX-License-Identifier: GPL-2.0-only
#include "tool/page/picture.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "tool/page/address_space.h"
#include "tool/page/html.h"
#include "tool/support/words.h"

namespace tool {
namespace {

std::string call_in_words(const json& call) {
  if (call.is_null()) return "";
  const std::string function = call.at("function");
  std::string arguments;
  auto add = [&](const std::string& text) { arguments += (arguments.empty() ? "" : ", ") + text; };
  const uint64_t size = call.at("size");
  if (function.starts_with("alloc")) {
    add(counted(size, "page"));
    add(fmt::format("limit_pfn {:#x}", call.at("limit").get<uint64_t>()));
    if (call.at("aligned") == true) add("size-aligned");
    if (call.at("flush") == true) add("flush_rcache");
  } else if (function == "reserve_iova") {
    add(pages(call.at("pfn"), call.at("last")));
  } else if (call.contains("lo")) {
    add("pages " + pages(call["lo"], call["hi"]));
  } else if (function == "find_iova" || function == "free_iova") {
    add(fmt::format("pfn {:#x}", call.at("pfn").get<uint64_t>()));
  }
  std::string text =
      fmt::format("{}({}) on CPU {}", function, arguments, call.at("cpu").get<unsigned>());
  if (call.at("in_interrupt") == true) text += ", in an interrupt";
  if (call.at("over") == false) return text + ": in progress";
  if (call.at("granted") == true && call.contains("lo"))
    return text + ": granted " + pages(call["lo"], call["hi"]);
  if (function.starts_with("alloc") || function == "reserve_iova") return text + ": refused";
  const int error = call.value("error", 0);
  return text + (error ? fmt::format(": error {}", error) : ": returned");
}

std::string cell(const MapCell& of, const char* when, bool is_changed) {
  std::string marks;
  for (const std::string& mark : of.marks) marks += element("i", "mark", mark);
  std::string kind = of.kind.empty() ? "none" : of.kind;
  if (of.is_continued) kind += " continued";
  if (is_changed) kind += " changed";
  return fmt::format("<div class=\"cell {}\" data-when=\"{}\">{}{}</div>", kind, when,
                     of.is_continued && of.kind != "wrong" ? "" : escaped(of.text), marks);
}

// Height in em: one line for a page, more for more pages.
double height_of(const MapRow& row) {
  double lines = 1.5;
  for (uint64_t pages = row.hi - row.lo; pages > 1 && lines < 3.6; pages >>= 2) lines += 0.12;
  return lines;
}

// Lets a range break into two lines if the column is too narrow.
std::string breakable(std::string range) {
  if (size_t at = range.find(".."); at != range.npos) range.insert(at + 2, "<wbr/>");
  return range;
}

std::string map_of(const json& before, const json& now, const json& call, bool was_quiet,
                   bool is_quiet) {
  const std::vector<MapRow> rows = address_space(before, now, call, was_quiet, is_quiet);
  std::string text =
      "<div class=\"map\" role=\"img\" aria-label=\"address space, highest page first\">"
      "<div class=\"head\">pages</div><div class=\"head\">before</div>"
      "<div class=\"head\">at the finding</div>";
  for (const MapRow& row : rows) {
    if (row.rows_left) {
      text += fmt::format("<div class=\"left-out\">{}: {} more, unchanged</div>",
                          pages(row.lo, row.hi), counted(row.rows_left, "row"));
      continue;
    }
    if (!row.above.empty()) text += element("div", "line", row.above);
    const uint64_t count = row.hi - row.lo + 1;
    const bool is_top = row.hi == ~uint64_t{0} - 1;
    std::string size = is_top ? "" : grouped(count) + (count == 1 ? " page" : " pages");
    if (row.parts > 1) size += fmt::format(", {} parts", row.parts);
    text += fmt::format(
        "<div class=\"pfn\" style=\"min-height:{:.2f}em\">{}<small>{}</small></div>",
        height_of(row),
        is_top ? fmt::format("from {:#x}", row.lo) : breakable(pages(row.lo, row.hi)), size);
    text += cell(row.before, "before", false) + cell(row.now, "now", row.is_changed);
  }
  return text + "</div>";
}

std::string changed(const std::string& before, const std::string& now) {
  if (before == now || before.empty()) return escaped(now);
  return fmt::format("<del>{}</del> <ins>{}</ins>", escaped(before), escaped(now));
}

// The allocator's own fields, before and now.
std::string fields_of(const json& before, const json& now, const json& call) {
  const json old = before.is_null() ? json::object() : before.value("shown", json::object());
  const json shown = now.value("shown", json::object());
  auto hex = [](const json& of, const char* member) {
    if (!of.contains(member)) return std::string();
    const uint64_t value = of[member];
    return value == ~uint64_t{0} ? "anchor" : fmt::format("{:#x}", value);
  };
  std::string text;
  for (const char* member : {"max32_alloc_size", "cached_node", "cached32_node"})
    if (shown.contains(member))
      text += field(member, changed(hex(old, member), hex(shown, member)));
  auto size = [](const json& of, const char* member) {
    return of.contains(member) ? std::to_string(of[member].size()) : std::string();
  };
  if (shown.contains("nodes"))
    text += field("nodes", changed(size(old, "nodes"), size(shown, "nodes")));
  if (text.empty()) return "";
  text = "<dl class=\"fields\">" + text + "</dl>";
  const bool is_refused = !call.is_null() && call.at("over") == true &&
                          call.at("granted") == false &&
                          text_of(call, "function").starts_with("alloc");
  if (is_refused && shown.contains("max32_alloc_size") &&
      call.at("size") >= shown["max32_alloc_size"] &&
      call.at("limit") < now.at("first_pfn_above_32bit"))
    text += fmt::format(
        "<p class=\"note\">max32_alloc_size is {:#x}: requests of as many pages or more "
        "with a limit below 4 GiB fail without a search of the tree.</p>",
        shown["max32_alloc_size"].get<uint64_t>());
  return text;
}

struct Magazines {
  std::map<std::pair<int, bool>, std::vector<uint64_t>> of_cpu;  // by CPU and whether previous
  size_t in_depot = 0, depot_pfns = 0;
};

std::map<unsigned, Magazines> magazines_of(const json& domain) {
  std::map<unsigned, Magazines> bins;
  if (domain.is_null()) return bins;
  for (const json& magazine :
       domain.value("shown", json::object()).value("magazines", json::array())) {
    Magazines& of = bins[magazine.at("bin")];
    const std::vector<uint64_t> pfns = magazine.at("pfns");
    const int cpu = magazine.at("cpu");
    if (cpu < 0) {
      of.in_depot++;
      of.depot_pfns += pfns.size();
    } else {
      of.of_cpu[{cpu, magazine.at("previous")}] = pfns;
    }
  }
  return bins;
}

std::string magazine_cell(const std::vector<uint64_t>* before, const std::vector<uint64_t>* now,
                          size_t capacity) {
  if (!now) return "<td class=\"nothing\">none</td>";
  constexpr size_t shown = 4;
  std::string pfns;
  for (size_t i = 0; i < now->size() && i < shown; i++)  // begins with the next pfn to be taken
    pfns += fmt::format("{}{:#x}", i ? " " : "", (*now)[now->size() - 1 - i]);
  if (now->size() > shown) pfns += " …";
  const bool differs = before && *before != *now;
  std::string count = std::to_string(now->size());
  return fmt::format(
      "<td{}><span class=\"fill\"><i style=\"height:{}%\"></i></span><b>{}</b>/{}"
      "<small>{}</small></td>",
      differs ? " class=\"changed\"" : "", capacity ? 100 * now->size() / capacity : 0,
      differs && before->size() != now->size() ? changed(std::to_string(before->size()), count)
                                               : count,
      capacity, escaped(pfns));
}

std::string magazine_table(const json& before, const json& now) {
  const json shown = now.value("shown", json::object());
  if (!shown.contains("magazines")) return "";
  std::map<unsigned, Magazines> old = magazines_of(before), current = magazines_of(now);
  const size_t capacity = shown.value("magazine_pfns", size_t{0});
  std::set<std::pair<int, bool>> places;
  for (auto& bins : {old, current})
    for (auto& [bin, of] : bins)
      for (auto& [place, pfns] : of.of_cpu) places.insert(place);
  // Sizes without any pfn are only counted.
  std::string rows;
  size_t empty = 0;
  std::set<unsigned> bins;
  for (auto& [bin, of] : current) bins.insert(bin);
  for (auto& [bin, of] : old) bins.insert(bin);
  for (unsigned bin : bins) {
    const Magazines &was = old[bin], &is = current[bin];
    bool has_any = was.depot_pfns || is.depot_pfns || is.in_depot || was.in_depot;
    for (const auto* of : {&was, &is})
      for (auto& [place, pfns] : of->of_cpu) has_any |= !pfns.empty();
    if (!has_any) {
      empty++;
      continue;
    }
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", counted(uint64_t{1} << bin, "page"));
    auto find = [](const Magazines& of, const std::pair<int, bool>& place) {
      auto at = of.of_cpu.find(place);
      return at == of.of_cpu.end() ? nullptr : &at->second;
    };
    for (const auto& place : places)
      rows += magazine_cell(find(was, place), find(is, place), capacity);
    auto depot = [](const Magazines& of) {
      return of.in_depot ? fmt::format("{} with {}", counted(of.in_depot, "magazine"),
                                       counted(of.depot_pfns, "pfn"))
                         : std::string("empty");
    };
    const std::string text = before.is_null() ? escaped(depot(is)) : changed(depot(was), depot(is));
    rows +=
        fmt::format("<td{}>{}</td></tr>",
                    !before.is_null() && depot(was) != depot(is) ? " class=\"changed\"" : "", text);
  }
  if (rows.empty())
    return empty ? fmt::format("<p class=\"note\">The magazines of all {} sizes are empty.</p>",
                               empty)
                 : "";
  std::string head = "<th>size</th>";
  for (const auto& [cpu, previous] : places)
    head += fmt::format("<th>CPU {} {}</th>", cpu, previous ? "prev" : "loaded");
  return "<div class=\"wide\"><table class=\"magazines\"><thead><tr>" + head +
         "<th>depot</th></tr></thead><tbody>" + rows + "</tbody></table></div>" +
         (empty ? fmt::format("<p class=\"note\">Not shown: {} without pfns.</p>",
                              counted(empty, "size"))
                : "");
}

bool is_cached(const json& domain, uint64_t pfn) {
  for (const auto& [bin, of] : magazines_of(domain)) {
    if (of.in_depot) return true;  // the depot's pfns may include it
    for (const auto& [place, pfns] : of.of_cpu)
      if (std::find(pfns.begin(), pfns.end(), pfn) != pfns.end()) return true;
  }
  return false;
}

std::string queue_table(const json& before, const json& now) {
  const json shown = now.value("shown", json::object());
  if (!shown.contains("queue")) return "";
  const json& queue = shown["queue"];
  const json old = before.is_null()
                       ? json::object()
                       : before.value("shown", json::object()).value("queue", json::object());
  auto number = [](const json& of, const char* member) {
    return of.contains(member) ? text_of(of[member]) : std::string();
  };
  std::string rows;
  for (const json& entry : queue.at("entries")) {
    const uint64_t counter = entry.at("counter"), pfn = entry.at("pfn"), count = entry.at("pages");
    const bool is_free = counter < queue.at("finished").get<uint64_t>();
    bool is_new = !old.empty();
    for (const json& other : old.value("entries", json::array())) is_new &= other != entry;
    rows += fmt::format(
        "<tr{}><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
        is_new ? " class=\"changed\"" : "", entry.at("ring").get<unsigned>(),
        pages(pfn, pfn + (count ? count - 1 : 0)), count, counter,
        is_free ? "may be freed" : "waits for a flush");
  }
  std::string text =
      "<dl class=\"fields\">" +
      field("flushes started", changed(number(old, "started"), number(queue, "started"))) +
      field("finished", changed(number(old, "finished"), number(queue, "finished"))) +
      field("entries", changed(old.empty() ? "" : std::to_string(old.at("entries").size()),
                               std::to_string(queue.at("entries").size()))) +
      field("timer", changed(old.empty()                         ? ""
                             : old.value("timer_pending", false) ? "armed"
                                                                 : "idle",
                             queue.value("timer_pending", false) ? "armed" : "idle")) +
      "</dl>";
  // Ranges that left the ring but are still in the tree.
  std::set<uint64_t> nodes, entries;
  for (const json& node : shown.value("nodes", json::array()))
    nodes.insert(node.at(0).get<uint64_t>());
  for (const json& entry : queue.at("entries")) entries.insert(entry.at("pfn").get<uint64_t>());
  size_t lost = 0;
  for (const json& entry : old.value("entries", json::array())) {
    const uint64_t pfn = entry.at("pfn");
    lost += nodes.contains(pfn) && !entries.contains(pfn) && !is_cached(now, pfn);
  }
  if (lost)
    text +=
        fmt::format("<p class=\"warning\">{} left the ring and {} still in the tree: nothing will "
                    "free them.</p>",
                    counted(lost, "range"), lost == 1 ? "is" : "are");
  if (rows.empty()) return text + "<p class=\"note\">The rings are empty.</p>";
  return text +
         "<div class=\"wide\"><table class=\"figures\"><thead><tr><th>ring</th><th>pages</th>"
         "<th>size</th><th>counter</th><th></th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

const json* domain_of(const json& moment, unsigned number) {
  for (const json& domain : moment.at("domains"))
    if (domain.at("number") == number) return &domain;
  return nullptr;
}

// Whether no page of the domain is used.
bool is_empty(const json& domain) {
  if (domain.is_null()) return true;
  const json shown = domain.value("shown", json::object());
  bool any = !domain.at("owned").empty() || !shown.value("nodes", json::array()).empty();
  for (const json& magazine : shown.value("magazines", json::array()))
    any |= !magazine.at("pfns").empty();
  return !any;
}

}  // namespace

Picture picture_of(const json& moments) {
  const json &before = moments.at("before"), &now = moments.at("now");
  const json call = now.value("call", json());
  const bool was_quiet = before.at("suspended") == 0u;
  const bool is_quiet = now.at("suspended") == 0u && (call.is_null() || call.at("over") == true);
  std::set<unsigned> numbers;
  for (const json* moment : {&before, &now})
    for (const json& domain : moment->at("domains"))
      numbers.insert(domain.at("number").get<unsigned>());
  Picture all;
  for (unsigned number : numbers) {
    const json* old = domain_of(before, number);
    const json* current = domain_of(now, number);
    const bool is_called = !call.is_null() && call.at("domain") == number;
    // Skip domains that the finding does not involve.
    if (numbers.size() > 1 && old && current && *old == *current && !is_called) continue;
    const std::string title =
        numbers.size() > 1 ? fmt::format("<h4>Domain {}</h4>", number) : std::string();
    const json was = old ? *old : json(), is = current ? *current : json();
    const json asked = is_called ? call : json();
    const std::string function = text_of(asked, "function");
    if (is_empty(was) && is_empty(is) && !function.starts_with("alloc") &&
        function != "reserve_iova")
      all.map += title + "<p class=\"note\">Nothing is allocated or reserved.</p>";
    else
      all.map += title + map_of(was, is, asked, was_quiet, is_quiet);
    if (!current) {
      all.map += "<p class=\"note\">The domain is gone.</p>";
      continue;
    }
    if (!current->contains("shown"))
      all.map += "<p class=\"note\">The allocator's state cannot be read during this call: at the "
                 "finding, the drawing shows only ranges that callers own.</p>";
    all.map += fields_of(was, is, asked);
    if (std::string text = magazine_table(was, is); !text.empty()) all.magazines += title + text;
    if (std::string text = queue_table(was, is); !text.empty()) all.queue += title + text;
  }
  if (all.map.empty()) {
    all.map = "<p class=\"note\">No domain exists yet.</p>";
    return all;
  }
  std::string legend;
  for (auto [kind, text] : {std::pair{"owned", "in use"},
                            {"granted", "granted by this call"},
                            {"reserved", "reserved"},
                            {"cached", "in a magazine"},
                            {"queued", "waits for a flush"},
                            {"returned", "being freed"},
                            {"rounded", "beyond the request"},
                            {"fits", "room for the request"},
                            {"free", "free"},
                            {"wrong", "inconsistent"}})
    if (all.map.find(fmt::format("class=\"cell {}", kind)) != std::string::npos)
      legend += fmt::format("<li><span class=\"cell {}\"></span>{}</li>", kind, text);
  std::string words = call_in_words(call);
  all.map = (words.empty() ? "" : "<p class=\"call\"><code>" + escaped(words) + "</code></p>") +
            all.map + (legend.empty() ? "" : "<ul class=\"legend\">" + legend + "</ul>");
  return all;
}

}  // namespace tool
