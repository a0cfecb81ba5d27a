// SPDX-License-Identifier: GPL-2.0-only
// bench find: measures how soon campaigns find each planted defect, in several configurations.
//
// Campaigns take hours, so find.json is updated after each. If it lists campaigns that have not
// run, the same command reuses its results and runs those.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>

#include "fuzz/targets.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/json.h"
#include "tool/variants/port.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

constexpr char results[] = "find.json";

// Ways to run the same targets.
struct Configuration {
  const char* name;
  const char* meaning;
  std::vector<std::string> options;  // for `run`
};

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all{
      {"default", "the settings of iovafuzz run, with the seeds", {}},
      {"no-seeds", "starts from an empty corpus", {"--no-seeds"}},
      {"stock", "the same, with the engine's own mutators", {"--no-seeds", "--stock-mutators"}},
      {"contract",
       "starts from an empty corpus and judges by the contract alone",
       {"--no-seeds", "--contract-only"}},
  };
  return all;
}

struct Arguments {
  std::vector<std::string> defects, configurations, targets;
  std::string revision = "fixed", time = "60s", out;
  unsigned seeds = 5;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  bool json = false;
};

// One campaign: whether it found the defect, and how soon.
struct Cell {
  size_t defect, configuration;
  unsigned seed;
  bool is_over = false, found = false;
  uint64_t executions = 0;
  double cpu_seconds = 0;
  std::string key = "", target = "";
};

void run_campaign_of(Cell& cell, const Arguments& arguments, const std::string& defect,
                     const Configuration& configuration, const fs::path& folder) {
  std::vector<std::string> words{(build_folder() / "commands/iovafuzz-run").string()};
  words.insert(words.end(), arguments.targets.begin(), arguments.targets.end());
  for (std::string word : {"--first", "--json", "--no-minimize", "--jobs", "1", "--time"})
    words.push_back(word);
  for (std::string word : {arguments.time, std::string("--revision"), arguments.revision,
                           std::string("--defect"), defect, std::string("--seed"),
                           std::to_string(cell.seed), std::string("--out"), folder.string()})
    words.push_back(word);
  words.insert(words.end(), configuration.options.begin(), configuration.options.end());
  CommandResult result = run_command(words, false, false);
  json summary = try_parse_json(result.output);
  if (summary.is_discarded() || result.status == could_not)
    throw Failure(fmt::format("a campaign failed:\n{}", result.output));
  for (const json& row : summary["targets"]) {
    cell.executions += row["executions"].get<uint64_t>();
    cell.cpu_seconds += row["cpu_seconds"].get<double>();
  }
  cell.is_over = true;
  cell.found = !summary["findings"].empty();
  if (!cell.found) return;
  cell.key = summary["findings"][0]["key"];
  cell.target = summary["findings"][0]["target"];
}

template <class Value>
double median(std::vector<Value> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2
             ? static_cast<double>(values[middle])
             : (static_cast<double>(values[middle - 1]) + static_cast<double>(values[middle])) / 2;
}

// Summary of all campaigns for a defect in a configuration. A miss counts as a find at its last
// execution, so medians and means are too small if there are misses.
struct Summary {
  double executions = 0, cpu_seconds = 0;  // medians
  size_t misses = 0;
};

Summary summarize(const std::vector<Cell>& cells, size_t defect, size_t configuration) {
  Summary summary;
  std::vector<uint64_t> executions;
  std::vector<double> seconds;
  for (const Cell& cell : cells) {
    if (cell.defect != defect || cell.configuration != configuration || !cell.is_over) continue;
    executions.push_back(std::max<uint64_t>(1, cell.executions));
    seconds.push_back(cell.cpu_seconds);
    summary.misses += !cell.found;
  }
  summary.executions = median(executions);
  summary.cpu_seconds = median(seconds);
  return summary;
}

// The named defects, or all.
std::vector<const port::DefectInfo*> choose_defects(const std::vector<std::string>& names) {
  std::vector<const port::DefectInfo*> chosen;
  for (const std::string& name : names) chosen.push_back(&find_defect(name));
  if (names.empty())
    for (const port::DefectInfo& defect : port::defects) chosen.push_back(&defect);
  return chosen;
}

std::vector<const Configuration*> choose_configurations(const std::vector<std::string>& names) {
  std::vector<const Configuration*> chosen;
  for (const Configuration& configuration : configurations())
    if (names.empty() || std::find(names.begin(), names.end(), configuration.name) != names.end())
      chosen.push_back(&configuration);
  for (const std::string& name : names)
    if (std::none_of(chosen.begin(), chosen.end(), [&](auto* c) { return name == c->name; }))
      throw Failure(fmt::format("unknown configuration '{}'", name));
  return chosen;
}

// Builds everything before time is measured. Returns a hash of the binaries per defect.
json build_all(const Arguments& arguments, const std::vector<const port::DefectInfo*>& defects) {
  build_defects(VariantChoice{.revision = arguments.revision}.build_name(), defects);
  std::vector<Binary> binaries;
  std::map<std::string, std::vector<Binary>> of_defect;
  for (const port::DefectInfo* defect : defects) {
    VariantChoice choice{.revision = arguments.revision, .defect = name_of(*defect)};
    for (const fuzz::Target* target : fuzz::targets)
      if (arguments.targets.empty() ? !target->compares && !target->reads_text
                                    : std::find(arguments.targets.begin(), arguments.targets.end(),
                                                target->name) != arguments.targets.end())
        of_defect[name_of(*defect)].push_back({target, choice.build_name()});
    const auto& all = of_defect[name_of(*defect)];
    binaries.insert(binaries.end(), all.begin(), all.end());
  }
  const fs::path folder = build_binaries(binaries);
  json built = json::object();
  for (const auto& [defect, all] : of_defect) {
    std::string hashes;
    for (const Binary& binary : all)
      hashes += content_hash(read_file(folder / "bin" / binary.variant / binary.target->name));
    built[defect] = content_hash(hashes);
  }
  return built;
}

std::string table(const std::vector<Cell>& cells,
                  const std::vector<const port::DefectInfo*>& defects,
                  const std::vector<const Configuration*>& chosen) {
  std::string text = fmt::format("{:<31}", "executions, s of CPU (medians)");
  for (const Configuration* configuration : chosen)
    text += fmt::format(" {:>22}", configuration->name);
  text += "\n";
  std::vector<double> logarithms(chosen.size());
  std::vector<size_t> misses(chosen.size());
  for (size_t d = 0; d < defects.size(); d++) {
    text += fmt::format("{:<31}", name_of(*defects[d]));
    for (size_t c = 0; c < chosen.size(); c++) {
      Summary summary = summarize(cells, d, c);
      logarithms[c] += std::log(summary.executions) / static_cast<double>(defects.size());
      misses[c] += summary.misses;
      text += fmt::format(" {:>10.0f} {:>6.2f} {:>4}", summary.executions, summary.cpu_seconds,
                          summary.misses ? fmt::format("-{}", summary.misses) : "");
    }
    text += "\n";
  }
  text += fmt::format("{:<31}", "geometric mean, times the first");
  for (size_t c = 0; c < chosen.size(); c++)
    text += fmt::format(" {:>10.0f} {:>6.2f} {:>4}", std::exp(logarithms[c]),
                        std::exp(logarithms[c] - logarithms[0]),
                        misses[c] ? fmt::format("-{}", misses[c]) : "");
  return text + "\n-N: N campaigns missed the defect; their last execution counts as the find\n";
}

json to_json(const Arguments& arguments, const std::vector<Cell>& cells,
             const std::vector<const port::DefectInfo*>& defects,
             const std::vector<const Configuration*>& chosen, const json& built) {
  json rows = json::array(), meanings = json::object();
  for (const Configuration* configuration : chosen)
    meanings[configuration->name] = configuration->meaning;
  for (size_t d = 0; d < defects.size(); d++) {
    json row{{"defect", name_of(*defects[d])},
             {"built", built[name_of(*defects[d])]},
             {"configurations", json::object()}};
    for (size_t c = 0; c < chosen.size(); c++) {
      Summary summary = summarize(cells, d, c);
      json campaigns = json::array();
      for (const Cell& cell : cells)
        if (cell.defect == d && cell.configuration == c && cell.is_over)
          campaigns.push_back({{"seed", cell.seed},
                               {"found", cell.found},
                               {"executions", cell.executions},
                               {"cpu_seconds", cell.cpu_seconds},
                               {"key", cell.key},
                               {"target", cell.target}});
      if (campaigns.empty()) continue;
      row["configurations"][chosen[c]->name] = {{"executions", summary.executions},
                                                {"cpu_seconds", summary.cpu_seconds},
                                                {"misses", summary.misses},
                                                {"campaigns", campaigns}};
    }
    rows.push_back(row);
  }
  return {{"revision", arguments.revision},
          {"time", arguments.time},
          {"targets", arguments.targets},
          {"left", std::count_if(cells.begin(), cells.end(),
                                 [](const Cell& cell) { return !cell.is_over; })},
          {"configurations", meanings},
          {"defects", rows}};
}

// Reuses the results of an earlier, stopped run of the same command, except for defects whose
// binaries have changed.
void take_results(std::vector<Cell>& cells, const Arguments& arguments,
                  const std::vector<const port::DefectInfo*>& defects,
                  const std::vector<const Configuration*>& chosen, const json& built,
                  const fs::path& out) {
  if (!fs::exists(out / results)) return;
  const json before = try_parse_json(read_file(out / results));
  if (!before.is_object() || !before.value("left", 0)) return;
  const json now = to_json(arguments, cells, defects, chosen, built);
  for (const char* parameter : {"revision", "time", "targets"})
    if (before.value(parameter, json()) != now[parameter]) return;
  for (const json& row : before["defects"]) {
    for (Cell& cell : cells) {
      const std::string defect = name_of(*defects[cell.defect]);
      const char* configuration = chosen[cell.configuration]->name;
      if (row["defect"] != defect || row["built"] != built[defect] ||
          !row["configurations"].contains(configuration))
        continue;
      for (const json& campaign : row["configurations"][configuration]["campaigns"])
        if (campaign["seed"] == cell.seed)
          cell = {.defect = cell.defect,
                  .configuration = cell.configuration,
                  .seed = cell.seed,
                  .is_over = true,
                  .found = campaign["found"],
                  .executions = campaign["executions"],
                  .cpu_seconds = campaign["cpu_seconds"],
                  .key = campaign["key"],
                  .target = campaign["target"]};
    }
  }
}

// Runs every remaining campaign on as many workers as there are jobs. Throws Failure.
void run_all(std::vector<Cell>& cells, const Arguments& arguments,
             const std::vector<const port::DefectInfo*>& defects,
             const std::vector<const Configuration*>& chosen, const json& built,
             const fs::path& out) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::string failure;
  auto work = [&](unsigned worker) {
    fs::path folder = out / fmt::format("campaign-{}", worker);
    try {
      for (size_t i; (i = next++) < cells.size();) {
        if (cells[i].is_over) continue;
        Cell cell = cells[i];
        std::string defect = name_of(*defects[cell.defect]);
        fs::remove_all(folder);
        run_campaign_of(cell, arguments, defect, *chosen[cell.configuration], folder);
        std::lock_guard lock(mutex);
        cells[i] = cell;
        write_file(out / results, to_text(to_json(arguments, cells, defects, chosen, built)));
        if (arguments.json) continue;
        fmt::print("{}, {}, seed {}: {} after {} executions, {:.2f} s of CPU\n", defect,
                   chosen[cell.configuration]->name, cell.seed,
                   cell.found ? fmt::format("{} by {}", cell.key, cell.target) : "nothing",
                   cell.executions, cell.cpu_seconds);
        fflush(stdout);
      }
    } catch (const std::exception& error) {
      next = cells.size();
      std::lock_guard lock(mutex);
      failure = error.what();
    }
    fs::remove_all(folder);
  };
  std::vector<std::thread> workers;
  for (unsigned worker = 0; worker < arguments.jobs; worker++) workers.emplace_back(work, worker);
  for (std::thread& worker : workers) worker.join();
  if (!failure.empty()) throw Failure(failure);
}

// Checked before hours of campaigns, not after them.
void require_gnuplot() {
  if (run_command({"gnuplot", "--version"}, false).status)
    throw Failure("gnuplot (package gnuplot-nox) is missing");
}

// Plots the median executions as find.svg, a row per defect.
void plot(const fs::path& out, const std::vector<Cell>& cells,
          const std::vector<const port::DefectInfo*>& defects,
          const std::vector<const Configuration*>& chosen) {
  std::string data,
      script = fmt::format(
          "set terminal svg size 900,{} background 'white'\nset output 'find.svg'\nset logscale x\n"
          "set xlabel 'executions until found, median'\nset key outside top\nset grid xtics\n"
          "set offsets 0,0,0.5,0.5\nplot ",
          120 + 16 * defects.size());
  for (size_t d = 0; d < defects.size(); d++) {
    data += fmt::format("{} {}", d, name_of(*defects[d]));
    for (size_t c = 0; c < chosen.size(); c++)
      data += fmt::format(" {}", summarize(cells, d, c).executions);
    data += "\n";
  }
  for (size_t c = 0; c < chosen.size(); c++)
    script += fmt::format("{}'find.dat' using {}:1:ytic(2) with points pt {} title '{}'",
                          c ? ", " : "", c + 3, c + 4, chosen[c]->name);
  write_file(out / "find.dat", data);
  write_file(out / "find.gnuplot", script + "\n");
  CommandResult result = run_command({"env", "-C", out.string(), "gnuplot", "find.gnuplot"}, false);
  if (result.status) throw Failure("gnuplot failed: " + result.output);
}

int bench_find(const Arguments& arguments) {
  command_program("run");
  auto defects = choose_defects(arguments.defects);
  auto chosen = choose_configurations(arguments.configurations);
  require_gnuplot();
  fs::path out = arguments.out.empty() ? builds_folder() / "bench" : fs::absolute(arguments.out);
  make_folder(out);
  std::vector<Cell> cells;
  for (size_t defect = 0; defect < defects.size(); defect++)
    for (size_t configuration = 0; configuration < chosen.size(); configuration++)
      for (unsigned seed = 1; seed <= arguments.seeds; seed++)
        cells.push_back({defect, configuration, seed});
  if (!arguments.json) fmt::print("building {} variants ...\n", defects.size());
  fflush(stdout);
  const json built = build_all(arguments, defects);
  take_results(cells, arguments, defects, chosen, built, out);
  const auto taken =
      std::count_if(cells.begin(), cells.end(), [](const Cell& cell) { return cell.is_over; });
  if (taken && !arguments.json)
    fmt::print("{} of {} campaigns have already run: {}\n", taken, cells.size(),
               (out / results).string());
  run_all(cells, arguments, defects, chosen, built, out);
  plot(out, cells, defects, chosen);
  if (arguments.json)
    fmt::print("{}", to_text(to_json(arguments, cells, defects, chosen, built)));
  else
    fmt::print("\n{}\n{}\n", table(cells, defects, chosen), (out / "find.svg").string());
  return nothing_new;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("bench find", "measures how fast campaigns find the planted defects");
  std::string names;
  for (const Configuration& configuration : configurations())
    names += fmt::format("{}{}: {}", names.empty() ? "" : "; ", configuration.name,
                         configuration.meaning);
  line.option("DEFECT", arguments.defects,
              "planted defect (default: all of iovafuzz list defects)");
  line.option("--configuration NAME", arguments.configurations,
              "configuration to measure (default: all); may be repeated. " + names)
      .one_at_a_time();
  line.option("--target TARGET", arguments.targets, "target to run (default: all); may be repeated")
      .one_at_a_time();
  line.option("--revision REVISION", arguments.revision, "revision to plant the defects in");
  line.option("--time TIME", arguments.time, "time limit of one campaign");
  line.option("--seeds", arguments.seeds, "number of campaigns per defect and configuration")
      .range(1, 1000);
  line.option("--jobs", arguments.jobs, "number of parallel campaigns of one process each")
      .range(1, 1024)
      .shown_default("one per processor");
  line.option("--out DIR", arguments.out,
              "folder for find.json and find.svg; the same command resumes a stopped run");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz bench find max32-not-reset --seeds 1 --time 20s",
               "measures how fast one defect is found");
  return line.run(argc, argv, [&] { return bench_find(arguments); });
}
