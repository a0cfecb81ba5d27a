// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/report_text.h"

#include <fmt/core.h>

#include <sstream>

#include "tool/support/build.h"
#include "tool/support/process.h"

namespace tool {

void find_lines(engine::Report& report) {
  const std::string ours = source_folder().string() + "/";
  if (size_t at = report.function.find(" (" + ours); at != std::string::npos)
    report.function.erase(at + 2, ours.size());
  // An allocator is a single module, so one call of addr2line serves all callers.
  std::vector<std::string> words{"addr2line", "-e", ""};
  std::vector<shim::CallSite*> asked;
  for (shim::CallSite& caller : report.callers) {
    if (!caller.where.empty() || caller.module.empty()) continue;
    words[2] = caller.module;
    words.push_back(fmt::format("{:#x}", caller.offset));
    asked.push_back(&caller);
  }
  if (asked.empty()) return;
  const CommandResult said = run_command(words, false, false);
  if (said.status) return;
  std::istringstream lines(said.output);
  for (shim::CallSite* caller : asked) {
    std::string line;
    if (!std::getline(lines, line)) return;
    line = line.substr(0, line.find(" ("));  // drop " (discriminator N)"
    if (line.starts_with("?") || line.ends_with("?")) continue;
    for (const std::string& prefix : {ours, std::string("./")})
      if (line.starts_with(prefix)) line.erase(0, prefix.size());
    caller->where = line;
  }
}

std::string report_text(engine::Report report) {
  find_lines(report);
  return format(report);
}

std::string bare_function(const std::string& function) {
  return function.substr(0, function.find(' '));
}

}  // namespace tool
