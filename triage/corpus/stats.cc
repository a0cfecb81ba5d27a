// SPDX-License-Identifier: GPL-2.0-only
// corpus stats: describes the content of a corpus and its coverage.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "tool/corpus/corpus.h"
#include "tool/support/command_line.h"
#include "tool/support/json.h"

namespace tool {
namespace {

using program::OpCode;

struct Arguments {
  std::vector<std::string> folders;
  CorpusOptions options;
};

struct Spread {
  size_t least = 0, median = 0, most = 0;
};

Spread spread(std::vector<size_t> numbers) {
  if (numbers.empty()) return {};
  std::sort(numbers.begin(), numbers.end());
  return {numbers.front(), numbers[numbers.size() / 2], numbers.back()};
}

struct OperationUse {
  size_t times = 0, inputs = 0;
};

struct Statistics {
  Spread bytes, operations;
  size_t total_bytes = 0, too_long = 0;
  std::map<OpCode, OperationUse> uses;
  std::vector<OpCode> never;  // operations of the target
  size_t with_faults = 0, not_canonical = 0, duplicates = 0;
};

// Only for programs; inputs of a text target are none.
void count_programs(const Corpus& corpus, Statistics& statistics) {
  std::vector<size_t> lengths;
  std::set<std::string> seen;
  for (const Member& member : corpus.members) {
    const program::Program& program = member.input.program;
    std::set<OpCode> codes;
    for (const program::Operation& operation : program.operations) {
      statistics.uses[operation.code].times++;
      codes.insert(operation.code);
    }
    for (OpCode code : codes) statistics.uses[code].inputs++;
    lengths.push_back(program.operations.size());
    statistics.with_faults += codes.contains(OpCode::fail);
    auto bytes = program::encode(program);
    std::string canonical{bytes.begin(), bytes.end()};
    statistics.not_canonical += member.bytes != canonical;
    statistics.duplicates += !seen.insert(canonical).second;
  }
  statistics.operations = spread(lengths);
  for (OpCode code : corpus.target->operations)
    if (!statistics.uses.contains(code)) statistics.never.push_back(code);
}

Statistics count(const Corpus& corpus) {
  Statistics statistics;
  std::vector<size_t> sizes;
  std::set<std::string> seen;
  for (const Member& member : corpus.members) {
    sizes.push_back(member.bytes.size());
    statistics.total_bytes += member.bytes.size();
    statistics.too_long += member.bytes.size() > corpus.target->max_len;
    if (corpus.target->reads_text) statistics.duplicates += !seen.insert(member.bytes).second;
  }
  statistics.bytes = spread(sizes);
  if (!corpus.target->reads_text) count_programs(corpus, statistics);
  return statistics;
}

// Most frequent first.
std::vector<std::pair<OpCode, OperationUse>> by_times(const Statistics& statistics) {
  std::vector<std::pair<OpCode, OperationUse>> rows(statistics.uses.begin(), statistics.uses.end());
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(b.second.times, a.first) < std::pair(a.second.times, b.first);
  });
  return rows;
}

bool is_for(const fuzz::Target& target, OpCode code) {
  return std::find(target.operations.begin(), target.operations.end(), code) !=
         target.operations.end();
}

struct Covered {
  std::vector<CoverBinary> binaries;
  std::vector<CoverCount> counts;
  std::vector<DeadMember> dead;
};

void print(const Corpus& corpus, const Statistics& statistics, const Covered& covered) {
  fmt::print("{}: {} files, {} bytes; each {} to {}, median {}\n", corpus.target->name,
             corpus.members.size(), statistics.total_bytes, statistics.bytes.least,
             statistics.bytes.most, statistics.bytes.median);
  if (statistics.too_long)
    fmt::print("  {} exceed the {} bytes that the target takes\n", statistics.too_long,
               corpus.target->max_len);
  if (corpus.target->reads_text) {
    fmt::print("  {} duplicates\n", statistics.duplicates);
  } else {
    fmt::print("  operations per input: {} to {}, median {}\n", statistics.operations.least,
               statistics.operations.most, statistics.operations.median);
    fmt::print("  {} inject faults, {} are not canonical, {} are the same program as another\n",
               statistics.with_faults, statistics.not_canonical, statistics.duplicates);
    fmt::print("  {:<32} {:>9} {:>9}\n", "operation", "times", "inputs");
    for (const auto& [code, use] : by_times(statistics))
      fmt::print("  {:<32} {:>9} {:>9}{}\n", program::spec(code).name, use.times, use.inputs,
                 is_for(*corpus.target, code) ? "" : "  not an operation of the target");
    for (OpCode code : statistics.never)
      fmt::print("  {:<32} {:>9}\n", program::spec(code).name, "never");
  }
  fmt::print("  {:<32} {:>9} {:>9}\n", "variant", "edges", "features");
  for (size_t i = 0; i < covered.binaries.size(); i++)
    fmt::print("  {:<32} {:>9} {:>9}\n", covered.binaries[i].variant, covered.counts[i].edges,
               covered.counts[i].features);
  if (!covered.dead.empty()) fmt::print("inputs that crash a variant:\n");
  print_dead(covered.dead);
}

json to_json(const Spread& spread) {
  return {{"min", spread.least}, {"median", spread.median}, {"max", spread.most}};
}

json to_json(const Corpus& corpus, const Statistics& statistics, const Covered& covered) {
  json bytes = to_json(statistics.bytes), variants = json::array();
  bytes["total"] = statistics.total_bytes;
  for (size_t i = 0; i < covered.binaries.size(); i++)
    variants.push_back({{"variant", covered.binaries[i].variant},
                        {"edges", covered.counts[i].edges},
                        {"features", covered.counts[i].features}});
  json row{{"target", corpus.target->name},
           {"files", corpus.members.size()},
           {"bytes", bytes},
           {"too_long", statistics.too_long},
           {"variants", variants},
           {"duplicates", statistics.duplicates},
           {"complaints", corpus.complaints}};
  row["crashing"] = tool::to_json(covered.dead);
  if (corpus.target->reads_text) return row;
  json uses = json::object(), never = json::array();
  for (const auto& [code, use] : statistics.uses)
    uses[program::spec(code).name] = {{"times", use.times}, {"inputs", use.inputs}};
  for (OpCode code : statistics.never) never.push_back(program::spec(code).name);
  row["operations"] = to_json(statistics.operations);
  row["uses"] = uses;
  row["never"] = never;
  row["with_faults"] = statistics.with_faults;
  row["not_canonical"] = statistics.not_canonical;
  return row;
}

int stats(const Arguments& arguments) {
  int status = nothing_new;
  json rows = json::array();
  auto folders = find_corpora(arguments.folders, arguments.options.target);
  leave_out_unmeasurable(folders, arguments.options);
  for (const CorpusFolders& each : folders) {
    Corpus corpus = read_corpus(*each.target, each.folders);
    print_complaints(corpus.complaints);
    Covered covered{cover_binaries(*corpus.target, arguments.options.variants), {}, {}};
    Cover cover = measure_cover(corpus, covered.binaries, arguments.options.timeout);
    covered.counts = count_cover(cover, living_members(cover), covered.binaries.size());
    covered.dead = dead_members(corpus, cover, covered.binaries);
    Statistics statistics = count(corpus);
    if (arguments.options.json)
      rows.push_back(to_json(corpus, statistics, covered));
    else
      print(corpus, statistics, covered);
    fflush(stdout);
    if (!corpus.complaints.empty() || !covered.dead.empty()) status = findings;
  }
  if (arguments.options.json) fmt::print("{}", to_text(rows));
  return status;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("corpus stats", "shows sizes, operations and coverage of a corpus");
  line.option("DIR", arguments.folders, "corpus of a target, or folder with a corpus per target")
      .required();
  arguments.options.add_to(line);
  line.example("iovafuzz corpus stats .campaign", "describes the corpora of a campaign");
  return line.run(argc, argv, [&] { return stats(arguments); });
}
