// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/stable.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "tool/findings/mail.h"
#include "tool/support/report_text.h"
#include "tool/support/words.h"

namespace tool {
namespace {

// "a, b and c".
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); i++)
    text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " and ") + words[i];
  return text;
}

template <class Keys>
std::string keys_of(const Keys& keys) {
  std::vector<std::string> words;
  for (const auto& [key, what] : keys) words.push_back(key);
  return listed(words);
}

// Changes in the repaired tree beyond the program itself; "" if there are none.
std::string what_else(const Repaired& repaired) {
  std::vector<std::string> words;
  if (!repaired.came.empty())
    words.push_back(fmt::format("seeds newly show {}", keys_of(repaired.came)));
  if (!repaired.changed.empty())
    words.push_back(fmt::format("{} differently, such as {}",
                                repaired.changed.size() == 1
                                    ? "1 seed behaves"
                                    : fmt::format("{} seeds behave", repaired.changed.size()),
                                repaired.changed[0]));
  if (!repaired.found.empty())
    words.push_back(fmt::format("random programs newly show {}", keys_of(repaired.found)));
  if (!repaired.different.empty()) words.push_back("a random program behaves differently");
  return listed(words);
}

std::string compared(const Repaired& repaired) {
  std::string text = counted(repaired.seeds, "seed");
  if (repaired.programs) text += " and " + counted(repaired.programs, "random program");
  return text;
}

std::string paragraph(const std::string& text) { return in_lines(text, mail_columns) + "\n"; }

// Groups trees that have the same text, for one sentence per group.
std::vector<std::pair<std::string, std::vector<std::string>>> by_words(
    const std::vector<StableTree>& trees, const std::function<std::string(const StableTree&)>& of) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const StableTree& tree : trees) {
    const std::string words = of(tree);
    if (words.empty()) continue;
    auto at = std::find_if(groups.begin(), groups.end(),
                           [&](const auto& group) { return group.first == words; });
    if (at == groups.end()) at = groups.insert(groups.end(), {words, {}});
    at->second.push_back(tree.name);
  }
  return groups;
}

const char* verb(size_t count, const char* one, const char* many) {
  return count == 1 ? one : many;
}

std::vector<std::string> names_of_needing(const std::vector<StableTree>& trees) {
  std::vector<std::string> names;
  for (const StableTree& tree : trees)
    if (tree.needs) names.push_back(tree.name);
  return names;
}

std::string who_needs_it(const std::vector<StableTree>& trees) {
  const std::vector<std::string> needing = names_of_needing(trees);
  std::string text = needing.empty() ? "No tree needs it."
                                     : fmt::format("{} {} it.", listed(needing),
                                                   verb(needing.size(), "needs", "need"));
  auto why_not = [&](bool is_unknown) {
    return by_words(trees, [=](const StableTree& tree) {
      return tree.needs || tree.is_unknown != is_unknown ? std::string() : tree.why_not;
    });
  };
  for (const auto& [why, names] : why_not(false))
    text += fmt::format(" {} {} not affected, because {}.", listed(names),
                        verb(names.size(), "is", "are"), why);
  for (const auto& [why, names] : why_not(true))
    text += fmt::format(" It is unknown whether {} {} it, because {}.", listed(names),
                        verb(names.size(), "needs", "need"), why);
  return paragraph(text);
}

std::string how_it_applies(const std::vector<StableTree>& trees) {
  std::string text;
  for (const auto& [how, names] : by_words(trees, [](const StableTree& tree) -> std::string {
         if (!tree.needs || !tree.patched) return "";
         if (tree.patched->how == Patched::not_at_all)
           return "does not apply to {}: it needs a backport";
         if (tree.patched->how == Patched::elsewhere) return "does not touch the allocator of {}";
         return fmt::format("{} to {{}}", tree.patched->in_words());
       }))
    text += fmt::format("{}The patch {}.", text.empty() ? "" : " ",
                        std::string(how).replace(how.find("{}"), 2, listed(names)));
  return text.empty() ? "" : paragraph(text);
}

std::string what_it_was_tried_with(const std::vector<StableTree>& trees) {
  std::string text;
  for (const StableTree& tree : trees) {
    if (!tree.repaired) continue;
    const Repaired& repaired = *tree.repaired;
    std::string words = fmt::format("With it, {} (tested on {}) ", tree.name, tree.tried_on);
    if (repaired.presence.state == Presence::not_built)
      words += fmt::format("could not be built: {}", repaired.presence.why);
    else if (repaired.presence.state == Presence::not_applicable)
      words += fmt::format("cannot run the program: {}", repaired.presence.why);
    else if (repaired.presence.state != Presence::clean)
      words +=
          fmt::format("shows: {} {}", repaired.presence.in_words(), listed(repaired.presence.keys));
    else
      words += fmt::format("is clean for the program that shows the fault and for {} of {} runs of "
                           "its calls with allocation failures{}",
                           repaired.clean_failures, repaired.failures,
                           repaired.keys_of_failures.empty()
                               ? ""
                               : fmt::format(" ({})", keys_of(repaired.keys_of_failures)));
    const std::string else_changed = what_else(repaired);
    if (repaired.seeds)
      words += fmt::format(
          ". Of {}, {}", compared(repaired),
          else_changed.empty()
              ? fmt::format("{} no longer {} it and all others behave as before",
                            repaired.gone.size(), verb(repaired.gone.size(), "shows", "show"))
              : else_changed);
    text += paragraph(words + ".");
  }
  return text;
}

std::string how_it_is_reached(const StableFacts& facts) {
  std::string text;
  const engine::Report& report = *facts.report;
  std::string reach =
      fmt::format("Reached by {}(). Callers: {}.", report.call,
                  facts.callers.empty() ? "none in the files at hand" : listed(facts.callers));
  if (facts.known) reach += " " + facts.known->contract;
  text += paragraph(reach);
  std::string trigger = "Trigger: ";
  trigger += report.faults.empty()
                 ? fmt::format("calls alone ({}), without an allocation failure", report.operation)
                 : fmt::format("an allocation failure in {}()", report.call);
  trigger += ".";
  for (const std::string& fault : report.faults) trigger += fmt::format(" Here: {}.", fault);
  text += paragraph(trigger);
  text += paragraph(fmt::format("Severity: {}. {} in {}{}.", shim::name(report.severity),
                                report.headline.substr(report.headline.find(": ") + 2),
                                bare_function(report.function) + "()",
                                report.values.empty() ? "" : fmt::format(" ({})", report.values)));
  if (facts.known) text += paragraph(facts.known->story);
  return text;
}

}  // namespace

std::string stable_table(const std::vector<StableTree>& trees) {
  std::string text = fmt::format("{:<14} {:<9} {:<32} {:<16} {:<19} {}\n", "tree", "affected",
                                 "patch", "with the patch", "failing allocations", "other changes");
  for (const StableTree& tree : trees) {
    std::string row = fmt::format("{:<14} {:<9} {:<32}", tree.name,
                                  tree.needs        ? "yes"
                                  : tree.is_unknown ? "unknown"
                                                    : "no",
                                  tree.patched ? tree.patched->in_words() : "");
    if (tree.repaired) {
      const std::string changes = what_else(*tree.repaired);
      row += fmt::format(
          " {:<16} {:<19} {}", tree.repaired->presence.in_words(),
          fmt::format("{} of {} clean", tree.repaired->clean_failures, tree.repaired->failures),
          changes.empty() ? fmt::format("none in {}", compared(*tree.repaired)) : changes);
    } else if (!tree.needs) {
      row += " " + tree.why_not;
    }
    while (row.ends_with(' ')) row.pop_back();
    text += row + "\n";
  }
  return text;
}

std::string stable_answer(const StableFacts& facts, const std::vector<StableTree>& trees) {
  const std::vector<std::string> needing = names_of_needing(trees);
  std::string text;
  if (!needing.empty()) {
    if (!facts.introduced_by.empty()) text += fmt::format("Fixes: {}\n", facts.introduced_by);
    text += fmt::format("Cc: stable@vger.kernel.org # {}\n\n",
                        facts.introduced_in.empty() ? listed(needing) : facts.introduced_in + "+");
  }
  if (!facts.fix.empty())
    text += paragraph(
        fmt::format("{}{}:", facts.fix,
                    facts.fixed_in.empty() ? "" : fmt::format(", upstream in {}", facts.fixed_in)));
  text += who_needs_it(trees) + how_it_applies(trees) + what_it_was_tried_with(trees);
  if (facts.report) text += how_it_is_reached(facts);
  return text;
}

json to_json(const StableTree& tree) {
  json row{{"name", tree.name},
           {"tried_on", tree.tried_on},
           {"affected", tree.needs},
           {"why_not", tree.why_not}};
  if (tree.patched) row["patch"] = tree.patched->in_words();
  if (!tree.repaired) return row;
  const Repaired& repaired = *tree.repaired;
  row["state"] = repaired.presence.in_words();
  row["why"] = repaired.presence.why;
  row["clean"] = repaired.is_clean();
  row["failures"] = {{"runs", repaired.failures},
                     {"clean", repaired.clean_failures},
                     {"keys", repaired.keys_of_failures}};
  row["seeds"] = {{"run", repaired.seeds},
                  {"no_longer_show_it", repaired.gone},
                  {"changed", repaired.changed},
                  {"new", repaired.came}};
  row["random"] = {
      {"run", repaired.programs}, {"new", repaired.found}, {"different", repaired.different}};
  return row;
}

}  // namespace tool
