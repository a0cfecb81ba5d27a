// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/known.h"

#include <fmt/core.h>

#include <filesystem>

#include "tool/support/build.h"
#include "tool/support/words.h"

namespace tool {

std::string upstream_status(const std::string& since, const std::string& upstream) {
  return fmt::format("since {}, {}{}", since, upstream == "not fixed" ? "" : "fixed by ", upstream);
}

std::string upstream_status(const engine::KnownFinding& finding) {
  return upstream_status(finding.since, finding.upstream);
}

std::string issue_lines(const std::string& state, const std::string& id, const std::string& text,
                        const std::vector<std::string>& more) {
  std::string lines = fmt::format("{:<21}  {:<22}  {}\n", state, id, text);
  for (const std::string& line : more) lines += fmt::format("{:23}{}\n", "", line);
  return lines;
}

std::string known_note(const std::string& key, const iova_variant& variant) {
  const engine::KnownFinding* known = find_issue(key, variant);
  return known ? fmt::format(" (known: {}, {})", known->id, known->title) : "";
}

std::string describe(const engine::KnownFinding& finding, const std::string& indent) {
  constexpr size_t columns = 100;
  return in_lines(finding.story, columns, indent) + in_lines(finding.contract, columns, indent) +
         in_lines("upstream: " + upstream_status(finding), columns, indent);
}

json to_json(const engine::KnownFinding& finding) {
  return {{"id", finding.id},
          {"keys", finding.keys},
          {"title", finding.title},
          {"story", finding.story},
          {"contract", finding.contract},
          {"since", finding.since},
          {"upstream", finding.upstream},
          {"reproducer", "corpus/" + finding.reproducer},
          {"affected", finding.affected},
          {"expires", finding.expires}};
}

std::string show_command(const engine::KnownFinding& finding, const std::string& options) {
  std::error_code error;
  bool is_here = std::filesystem::equivalent(".", source_folder(), error);
  std::filesystem::path seed = std::filesystem::path("corpus") / finding.reproducer;
  return fmt::format("{} show {}{}", launcher(), options,
                     quoted((is_here ? seed : source_folder() / seed).string()));
}

void PastOption::add_to(CommandLine& line) {
  line.option(
          "--past KEY", keys,
          "key or oracle id of findings to ignore; \"ledger\": all known issues; may be repeated")
      .one_at_a_time();
}

std::vector<std::string> PastOption::expand(const iova_variant& variant) const {
  std::vector<std::string> expanded;
  for (const std::string& key : keys) {
    if (key != "ledger") {
      expanded.push_back(key);
      continue;
    }
    std::vector<std::string> known = issue_keys(variant);
    expanded.insert(expanded.end(), known.begin(), known.end());
  }
  return expanded;
}

}  // namespace tool
