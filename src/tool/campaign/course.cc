// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/course.h"

#include <fmt/core.h>

#include <fstream>

#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;
namespace tool {
namespace {

fs::path course_file(const fs::path& campaign) { return campaign / "progress.jsonl"; }

}  // namespace

json course_point(const Progress& progress, const std::string& variant) {
  uint64_t edges = 0, corpus = 0;
  json targets = json::object();
  for (const TargetProgress& row : progress.targets) {
    edges += row.coverage;
    corpus += row.corpus;
    json& of = targets[row.target->name];  // sums both engines
    if (of.is_null()) of = {0, 0, 0};
    of = {of[0].get<uint64_t>() + row.executions, of[1].get<uint64_t>() + row.coverage,
          of[2].get<uint64_t>() + row.corpus};
  }
  return {{"variant", variant},
          {"run", progress.totals.runs},
          {"seconds", progress.totals.seconds},
          {"executions", progress.totals.executions},
          {"edges", edges},
          {"corpus", corpus},
          {"findings", progress.inputs_by_key.size()},
          {"targets", targets}};
}

void append_to_course(const fs::path& campaign, const json& line) {
  std::ofstream file(course_file(campaign), std::ios::app);
  file << to_line(line) << std::flush;
  if (!file) throw Failure(fmt::format("{}: cannot be written", course_file(campaign).string()));
}

std::vector<json> read_course(const fs::path& campaign, const std::string& variant) {
  std::vector<json> course;
  std::error_code none;
  if (!fs::is_regular_file(course_file(campaign), none)) return course;
  for (const std::string& text : lines_of(read_file(course_file(campaign)))) {
    json line = try_parse_json(text);
    if (line.is_object() && line.value("variant", "") == variant) course.push_back(line);
  }
  return course;
}

}  // namespace tool
