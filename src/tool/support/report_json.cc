// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/report_json.h"

namespace tool {

json to_json(const engine::Report& report) {
  json callers = json::array();
  for (const shim::CallSite& caller : report.callers) {
    json one{{"function", caller.function}, {"where", caller.where}};
    if (caller.where.empty()) one.update({{"module", caller.module}, {"offset", caller.offset}});
    callers.push_back(std::move(one));
  }
  return {{"key", report.key},
          {"headline", report.headline},
          {"severity", shim::name(report.severity)},
          {"blame", report.blame},
          {"function", report.function},
          {"callers", std::move(callers)},
          {"operation", report.operation},
          {"operation_index", report.operation_index},
          {"came_to", report.came_to},
          {"faults", report.faults},
          {"gone_past", report.gone_past},
          {"values", report.values},
          {"program", report.program},
          {"history", report.history},
          {"state", report.state},
          {"call", report.call}};
}

engine::Report report_from_json(const json& j) {
  using shim::Severity;
  Severity severity = Severity::unknown;
  for (Severity candidate : shim::severities)
    if (j["severity"] == shim::name(candidate)) severity = candidate;
  std::vector<shim::CallSite> callers;
  for (const json& one : j.value("callers", json::array()))
    callers.push_back({.function = one["function"],
                       .where = one["where"],
                       .module = one.value("module", ""),
                       .offset = one.value("offset", uint64_t{0})});
  return {j["key"],      j["headline"],      severity,       j["blame"],
          j["function"], std::move(callers), j["operation"], j["operation_index"],
          j["came_to"],  j["faults"],        j["gone_past"], j["values"],
          j["program"],  j["history"],       j["state"],     j.value("call", "")};
}

}  // namespace tool
