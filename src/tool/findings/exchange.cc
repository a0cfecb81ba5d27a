// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/exchange.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "engine/oracles.h"

namespace tool {
namespace {

// Parsed from "free_iova (drivers/iommu/iova.c:123)".
struct CodePlace {
  std::string function, file;
  unsigned line = 0;
};

CodePlace place_of(const StoredFinding& finding) {
  std::string text = finding.outcome.report ? finding.outcome.report->function : "";
  CodePlace place;
  size_t open = text.find(" ("), colon = text.rfind(':');
  place.function = text.substr(0, open);
  if (open == std::string::npos || colon == std::string::npos || colon < open) return place;
  // The line may be followed by a column.
  size_t before = text.rfind(':', colon - 1);
  bool has_column = before != std::string::npos && before > open &&
                    std::isdigit(static_cast<unsigned char>(text[before + 1]));
  if (has_column) colon = before;
  place.file = text.substr(open + 2, colon - open - 2);
  place.line = static_cast<unsigned>(strtoul(text.c_str() + colon + 1, nullptr, 10));
  size_t in_tree = place.file.find("drivers/iommu/");
  if (in_tree == std::string::npos) in_tree = place.file.find("src/");
  if (in_tree != std::string::npos) place.file.erase(0, in_tree);
  return place;
}

std::string headline(const StoredFinding& finding) {
  if (finding.outcome.report) return finding.outcome.report->headline;
  return finding.key == "timeout" ? "timeout: the input does not terminate"
                                  : finding.key + ": the process died without a report";
}

const char* level(const StoredFinding& finding) {
  if (finding.standing == Standing::is_known) return "note";
  return severity_of(finding.outcome) <= shim::Severity::wrong_result ? "error" : "warning";
}

}  // namespace

json to_sarif(const std::vector<StoredFinding>& findings, const iova_variant& variant) {
  json rules = json::array(), results = json::array();
  std::map<std::string, size_t> rule_index;
  for (const StoredFinding& finding : findings) {
    std::string oracle(engine::oracle_of(finding.key));
    auto [rule, is_new] = rule_index.try_emplace(oracle, rules.size());
    if (is_new)
      rules.push_back({{"id", oracle},
                       {"shortDescription", {{"text", headline(finding)}}},
                       {"properties", {{"severity", shim::name(severity_of(finding.outcome))}}}});
    CodePlace place = place_of(finding);
    json location{
        {"logicalLocations",
         {{{"name", place.function.empty() ? "?" : place.function}, {"kind", "function"}}}}};
    if (!place.file.empty()) {
      location["physicalLocation"]["artifactLocation"]["uri"] = place.file;
      if (place.line) location["physicalLocation"]["region"]["startLine"] = place.line;
    }
    std::string message = headline(finding);
    if (finding.outcome.report) {
      const engine::Report& report = *finding.outcome.report;
      message += "\noperation: " + report.operation;
      for (const std::string& fault : report.faults) message += "\nfault injected: " + fault;
      if (!report.values.empty()) message += "\nfound: " + report.values;
      message += "\nprogram:\n" + report.program;
    }
    results.push_back(
        {{"ruleId", oracle},
         {"ruleIndex", rule->second},
         {"level", level(finding)},
         {"message", {{"text", message}}},
         {"locations", {location}},
         {"partialFingerprints", {{"iovafuzzKey/v1", finding.key}}},
         {"baselineState", finding.standing == Standing::is_known ? "unchanged" : "new"},
         {"occurrenceCount", std::max<size_t>(finding.inputs, 1)},
         {"properties",
          {{"standing", name(finding.standing)},
           {"blame", finding.outcome.report ? finding.outcome.report->blame : "unknown"},
           {"replay", finding.replay},
           {"needed", finding.needed},
           {"operands", finding.operands}}}});
  }
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs",
           {{{"tool", {{"driver", {{"name", "iovafuzz"}, {"rules", rules}}}}},
             {"results", results},
             {"properties", {{"variant", variant.name}}}}}}};
}

}  // namespace tool
