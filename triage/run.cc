// SPDX-License-Identifier: GPL-2.0-only
// run: fuzzes targets with live progress and prints a summary of the findings.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "fuzz/targets.h"
#include "tool/campaign/campaign.h"
#include "tool/campaign/screen.h"
#include "tool/campaign/shared.h"
#include "tool/campaign/summary.h"
#include "tool/replay/known.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"
#include "tool/support/targets.h"
#include "tool/support/words.h"
#include "tool/variants/kernel.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

using std::chrono::milliseconds;

struct Arguments {
  std::vector<std::string> targets;
  VariantChoice choice;
  std::string engine = "libfuzzer", sanitizer = "both";
  std::optional<milliseconds> time{60'000};
  milliseconds input_timeout{25'000};
  unsigned memory = 2560;  // MB
  std::vector<std::string> engine_options;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  unsigned seed = 1;
  bool first = false, no_seeds = false, no_ledger = false, json = false;
  bool stock_mutators = false, minimize = true;
  std::string out, shared;
  std::vector<std::string> forgotten;
  PastOption past;
  uint64_t least_space = 100;  // MB
};

std::vector<Engine> engines_of(const std::string& word) {
  if (word == "both") return {Engine::libfuzzer, Engine::aflpp};
  return {word == name(Engine::aflpp) ? Engine::aflpp : Engine::libfuzzer};
}

// As -fsanitize= takes them.
std::string sanitizers_of(const std::string& word) {
  return word == "both" ? "address,undefined" : word == "none" ? "" : word;
}

// Why a target cannot run on a variant with those engines; "" if it can.
std::string obstacle(const fuzz::Target& target, const TestedVariant& tested,
                     const std::vector<Engine>& engines) {
  if (target.watches_races && engines == std::vector{Engine::aflpp})
    return "AFL++'s compiler does not report memory accesses: use --engine libfuzzer";
  if (target.compares && !tested.expected)
    return "it compares a kernel tree with the matching revision of the port: give such a tree "
           "with --kernel";
  if (target.reads_text && !tested.replay_options.empty())
    return "it tests the text form of programs and uses no allocator";
  if (target.needs_queue && !tested.variant->queue)
    return fmt::format("{} has no flush queue: its {}", tested.variant->name,
                       tested.variant->why_no_queue);
  return "";
}

// The named targets, or all that can run.
std::vector<const fuzz::Target*> choose_targets(const std::vector<std::string>& names,
                                                const TestedVariant& tested,
                                                const std::vector<Engine>& engines) {
  std::vector<const fuzz::Target*> chosen;
  for (const fuzz::Target* target : fuzz::targets)
    // Comparing targets run only if named, since they do not judge one allocator.
    if (names.empty() && !target->compares && obstacle(*target, tested, engines).empty())
      chosen.push_back(target);
  for (const std::string& name : names) {
    const fuzz::Target* found = &find_target(name);
    if (std::string why = obstacle(*found, tested, engines); !why.empty())
      throw Failure(fmt::format("{}: {}", name, why));
    chosen.push_back(found);
  }
  return chosen;
}

// A line for each target that was not named and cannot run.
std::string left_out(const Arguments& arguments, const TestedVariant& tested,
                     const std::vector<Engine>& engines) {
  std::string text;
  if (!arguments.targets.empty()) return text;
  for (const fuzz::Target* target : fuzz::targets)
    if (std::string why = obstacle(*target, tested, engines); !why.empty() && !target->compares)
      text += in_lines(fmt::format("left out: {}: {}", target->name, why), screen_size().columns);
  return text;
}

// Notes on the chosen variant and options.
std::string notes(const Arguments& arguments, const CampaignOptions& options,
                  const std::vector<Engine>& engines) {
  std::string text;
  if (const std::string& kernel = arguments.choice.kernel; !kernel.empty()) {
    const std::vector<std::string> of_compiler = compiler_notes(find_kernel_tree(kernel));
    for (const std::string& note : of_compiler) text += fmt::format("note: {}\n", note);
    if (!of_compiler.empty())
      text += fmt::format("note: to see whether this matters: {} diff {} {} corpus\n", launcher(),
                          quoted(kernel), quoted(kernel + ",locals=zero"));
  }
  text += left_out(arguments, options.tested, engines);
  if (unsigned processors = std::thread::hardware_concurrency(); options.jobs > processors)
    text +=
        fmt::format("{} processes will share {}\n", options.jobs, counted(processors, "processor"));
  return text;
}

void require_known_issues(const std::vector<std::string>& given) {
  std::vector<std::string> ids;
  for (const engine::KnownFinding& finding : engine::ledger()) ids.push_back(finding.id);
  for (const std::string& id : given)
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      throw Failure(unknown_word("known issue", id, ids));
}

// All options except the builds and the folder.
CampaignOptions options_of(const Arguments& arguments, const std::vector<Engine>& engines) {
  require_known_issues(arguments.forgotten);
  CampaignOptions options;
  options.tested = tested(arguments.choice);
  options.variant_folder = arguments.choice.build_name();
  options.targets = choose_targets(arguments.targets, options.tested, engines);
  options.time = arguments.time;
  options.input_timeout = static_cast<unsigned>(arguments.input_timeout.count() / 1000);
  options.memory = arguments.memory;
  options.engine_options = arguments.engine_options;
  options.jobs = arguments.jobs;
  options.seed = arguments.seed;
  options.first = arguments.first;
  options.seeds = !arguments.no_seeds;
  options.ledger = !arguments.no_ledger;
  options.forgotten = arguments.forgotten;
  options.past = arguments.past.expand(*options.tested.variant);
  options.minimize_executions = arguments.minimize ? 5000 : 0;
  options.stock_mutators = arguments.stock_mutators;
  options.least_space = arguments.least_space << 20;
  return options;
}

std::map<Engine, std::filesystem::path> build_targets(const CampaignOptions& options,
                                                      const std::vector<Engine>& engines,
                                                      const std::string& sanitizer) {
  std::vector<Binary> binaries;
  std::vector<std::string> mutators;
  for (const fuzz::Target* target : options.targets) {
    binaries.push_back({target, options.variant_folder});
    mutators.push_back(fmt::format("aflpp-{}", target->name));
  }
  std::map<Engine, std::filesystem::path> builds;
  for (Engine engine : engines) {
    builds[engine] = build_binaries(binaries, engine, sanitizer);
    if (engine == Engine::aflpp) build(mutators);
  }
  return builds;
}

int run(const Arguments& arguments) {
  const std::vector<Engine> engines = engines_of(arguments.engine);
  const std::string sanitizer = sanitizers_of(arguments.sanitizer);
  for (Engine engine : engines)
    if (engine == Engine::aflpp && run_command({"which", "afl-fuzz"}, false).status)
      throw Failure("afl-fuzz is missing: install the package afl++");
  CampaignOptions options = options_of(arguments, engines);
  std::optional<Membership> membership;
  if (!arguments.shared.empty()) {
    membership.emplace(arguments.shared);
    options.shared = arguments.shared;
    options.out = membership->folder();
    options.seed += membership->seed();
  } else {
    options.out = arguments.out.empty() ? campaign_folder() : std::filesystem::path(arguments.out);
  }
  if (!arguments.json) put(notes(arguments, options, engines));
  options.builds = build_targets(options, engines, sanitizer);

  InterruptGuard guard;  // until the summary is printed
  Screen screen(options.tested.variant->name);
  CampaignResult result =
      run_campaign(options, [&](const Progress& progress, const StoredFinding* finding) {
        if (!arguments.json) screen.show(progress, finding);
      });
  std::string summary = read_file(summary_file(options.out));
  if (arguments.json) {
    put(summary);
  } else {
    screen.clear();
    put("\n" + in_words(summary, result.findings, launcher(), screen_size().columns));
  }
  return result.findings.empty() ? nothing_new : findings;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("run", "fuzzes the allocator and reports findings");
  line.option("TARGET", arguments.targets, "target (default: all of iovafuzz list targets)");
  arguments.choice.add_options(line);
  line.option("--engine ENGINE", arguments.engine,
              "fuzzing engine; with both, the engines share each target's corpus")
      .one_of({"libfuzzer", "aflpp", "both"});
  line.option("--sanitizer SANITIZER", arguments.sanitizer, "sanitizers of the targets")
      .one_of({"both", "address", "undefined", "none"});
  line.option("--time", arguments.time, "length of the campaign; 0: until Ctrl-C");
  line.option("--jobs", arguments.jobs, "number of parallel processes")
      .range(1, 1024)
      .shown_default("one per processor");
  line.option("--seed", arguments.seed, "seed of the engine's random numbers");
  line.flag("--first", arguments.first, "stop at the first new finding");
  line.flag("--no-seeds", arguments.no_seeds, "start from an empty corpus");
  line.flag("--no-ledger", arguments.no_ledger, "report known issues as new (iovafuzz list known)");
  line.option("--forget ID", arguments.forgotten,
              "id of a known issue to report as new; may be repeated")
      .one_at_a_time();
  arguments.past.add_to(line);
  line.flag("--minimize,!--no-minimize", arguments.minimize, "minimize findings (default), or not");
  line.flag("--stock-mutators", arguments.stock_mutators,
            "use the engine's byte mutators instead of our mutators of operations");
  line.option("--timeout", arguments.input_timeout, "time limit of one input").range(1, 1e5);
  line.option("--memory", arguments.memory, "memory limit of one process, in MB")
      .range(64, 1 << 20);
  line.option("--out DIR", arguments.out,
              "folder for corpus, logs and findings (default: .campaign)");
  line.option(
          "--sync DIR", arguments.shared,
          "folder shared with campaigns on this and other machines: one corpus for all, findings per machine (iovafuzz status DIR)")
      .excludes("--out");
  line.option("--keep-free", arguments.least_space,
              "stop when less than this much disk space is free, in MB")
      .range(0, 1e12);
  line.flag("--json", arguments.json, "print the summary as JSON");
  line.rest(arguments.engine_options, "options for libFuzzer or afl-fuzz");
  line.example("iovafuzz run --time 10m", "fuzzes the port with every known issue fixed");
  line.example("iovafuzz run --kernel ~/linux --first",
               "stops at the first new finding in the tree's own iova.c");
  return line.run(argc, argv, [&] { return run(arguments); });
}
