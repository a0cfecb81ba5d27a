// SPDX-License-Identifier: GPL-2.0-only
// bench speed: measures executions per second, memory, and growth of cost, with ratios within one
// run.
#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <map>

#include "fuzz/targets.h"
#include "program/program.h"
#include "tool/campaign/fuzzer.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"

namespace tool {
namespace {

namespace fs = std::filesystem;
struct Arguments {
  std::chrono::milliseconds time{5000};
  double seconds() const { return std::chrono::duration<double>(time).count(); }
  bool json = false;
};

struct Speed {
  double per_second = 0;  // executions per second of CPU time
  uint64_t megabytes = 0;
};

FuzzerStatistics run_engine(const std::vector<std::string>& command, const fs::path& log) {
  LibFuzzer process(command, {}, log);
  pollfd output{process.output(), POLLIN, 0};
  while (process.read_output()) poll(&output, 1, 1000);
  if (process.status())
    throw Failure(
        fmt::format("{} ends with status {}:\n{}", command[0], process.status(), process.tail()));
  return process.statistics();
}

// Measures fuzzing that starts with the seeds.
Speed fuzz(const fs::path& binary, const fs::path& seeds, const Arguments& arguments,
           const fs::path& folder) {
  fs::path corpus = folder / "corpus";
  fs::remove_all(corpus);
  make_folder(corpus);
  std::vector<std::string> command{
      binary.string(),
      "-seed=1",
      "-max_len=4096",
      "-print_final_stats=1",
      fmt::format("-artifact_prefix={}/", folder.string()),
      fmt::format("-max_total_time={}", std::max(1, static_cast<int>(arguments.seconds()))),
      corpus.string()};
  if (!seeds.empty()) command.push_back(seeds.string());
  FuzzerStatistics statistics = run_engine(command, folder / "log");
  return {static_cast<double>(statistics.executions) / statistics.cpu_seconds,
          statistics.peak_megabytes};
}

// CPU seconds per execution of an input, without start-up costs.
double cost_of(const fs::path& binary, const fs::path& input, const Arguments& arguments,
               const fs::path& folder) {
  auto seconds_of = [&](uint64_t runs) {
    return run_engine({binary.string(), fmt::format("-runs={}", runs), input.string()},
                      folder / "log")
        .cpu_seconds;
  };
  double start = seconds_of(1), seconds = start;
  uint64_t runs = 16;
  for (;; runs *= 4) {
    seconds = seconds_of(runs);
    if (seconds - start >= arguments.seconds() / 5) break;
  }
  return (seconds - start) / static_cast<double>(runs - 1);
}

// A program with that many calls, 20 per operation: allocates in the first half and frees in the
// second, rotating over the CPUs.
std::string life_with(uint64_t calls, unsigned cpus) {
  std::string text = fmt::format("cpus {}\ncache_get\ninit\ninit_rcaches\n", cpus);
  const uint64_t calls_each = std::min<uint64_t>(20, calls / 2), operations = calls / calls_each;
  for (uint64_t i = 0; i < operations; i++) {
    if (cpus > 1) text += fmt::format("cpu {}\n", i % cpus);
    text +=
        fmt::format("{} x{}\n", i < (operations + 1) / 2 ? "alloc_fast" : "free_fast", calls_each);
  }
  return text + "put\ncache_put\n";
}

constexpr uint64_t call_counts[] = {10, 100, 1'000, 10'000};
constexpr unsigned cpu_counts[] = {1, 2, 4, 8};
constexpr uint64_t calls_on_cpus = 200;

struct Results {
  Speed nothing, life;
  std::vector<std::pair<std::string, Speed>> targets;
  std::map<uint64_t, double> by_calls;  // CPU seconds per execution
  std::map<unsigned, double> by_cpus;

  double growth() const { return by_calls.at(10'000) / 10'000 / (by_calls.at(100) / 100); }
};

Results measure(const Arguments& arguments) {
  std::vector<std::string> binaries{"speed-nothing", "speed-life"};
  std::vector<const fuzz::Target*> targets;
  for (const fuzz::Target* target : fuzz::targets) {
    if (target->compares || target->reads_text) continue;
    targets.push_back(target);
    binaries.push_back(fmt::format("{}-fixed", target->name));
  }
  build(binaries);
  TemporaryFolder temporary;
  const fs::path& folder = temporary.path();
  fs::path bin = build_folder() / "bin";
  auto say = [&](const std::string& what) {
    if (arguments.json) return;
    fmt::print("measuring {} ...\n", what);
    fflush(stdout);
  };
  Results results;
  say("the life of a domain");
  results.nothing = fuzz(bin / "speed/nothing", "", arguments, folder);
  results.life = fuzz(bin / "speed/life", "", arguments, folder);
  for (const fuzz::Target* target : targets) {
    say(target->name);
    results.targets.push_back(
        {target->name, fuzz(bin / "fixed" / target->name, build_folder() / "corpus" / target->name,
                            arguments, folder)});
  }
  auto cost = [&](uint64_t calls, unsigned cpus) {
    say(fmt::format("{} calls on {} CPUs", calls, cpus));
    std::vector<uint8_t> bytes = program::encode(program::parse(life_with(calls, cpus)));
    fs::path input = folder / "input";
    write_file(input, std::string(bytes.begin(), bytes.end()));
    return cost_of(bin / "fixed/iova_domain", input, arguments, folder);
  };
  for (uint64_t calls : call_counts) results.by_calls[calls] = cost(calls, 2);
  for (unsigned cpus : cpu_counts) results.by_cpus[cpus] = cost(calls_on_cpus, cpus);
  return results;
}

json to_json(const Results& results) {
  auto row = [](const Speed& speed) {
    return json{{"per_second", speed.per_second}, {"megabytes", speed.megabytes}};
  };
  json targets = json::object(), calls = json::object(), cpus = json::object();
  for (const auto& [name, speed] : results.targets) targets[name] = row(speed);
  for (const auto& [count, seconds] : results.by_calls)
    calls[std::to_string(count)] = seconds / static_cast<double>(count);
  for (const auto& [count, seconds] : results.by_cpus) cpus[std::to_string(count)] = seconds;
  return {{"nothing", row(results.nothing)},
          {"life", row(results.life)},
          {"life_to_nothing", results.life.per_second / results.nothing.per_second},
          {"targets", targets},
          {"seconds_of_a_call_by_calls", calls},
          {"growth", results.growth()},
          {"seconds_by_cpus", cpus}};
}

void print(const Results& results) {
  auto row = [](const std::string& name, const Speed& speed, const std::string& remark) {
    fmt::print("{:<32} {:>10.0f} {:>8} MB{}\n", name, speed.per_second, speed.megabytes, remark);
  };
  fmt::print("\n{:<32} {:>10} {:>11}\n", "executions per second of CPU", "", "memory");
  row("a target that does nothing", results.nothing, "");
  row("life of a domain", results.life,
      fmt::format(", {:.1f} % of nothing",
                  100 * results.life.per_second / results.nothing.per_second));
  for (const auto& [name, speed] : results.targets) row(name + ", from its seeds", speed, "");
  fmt::print("\n{:<32} {:>10}\n", "calls in an execution", "us a call");
  for (const auto& [calls, seconds] : results.by_calls)
    fmt::print("{:<32} {:>10.3f}\n", calls, 1e6 * seconds / static_cast<double>(calls));
  fmt::print("a call among 10,000 takes {:.2f} times as long as one among 100\n", results.growth());
  fmt::print("\n{:<32} {:>10}\n", fmt::format("CPUs, {} calls", calls_on_cpus), "us");
  for (const auto& [cpus, seconds] : results.by_cpus)
    fmt::print("{:<32} {:>10.1f}\n", cpus, 1e6 * seconds);
}

int bench_speed(const Arguments& arguments) {
  Results results = measure(arguments);
  if (arguments.json)
    fmt::print("{}", to_text(to_json(results)));
  else
    print(results);
  return nothing_new;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("bench speed", "measures executions per second, memory, and how costs grow");
  line.option("--time", arguments.time, "approximate length of each measurement").range(0.1, 1e4);
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz bench speed --time 1s",
               "measures quickly; absolute figures depend on the machine");
  return line.run(argc, argv, [&] { return bench_speed(arguments); });
}
