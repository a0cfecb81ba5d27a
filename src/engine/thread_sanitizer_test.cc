// SPDX-License-Identifier: GPL-2.0-only
// Compares two race detectors on the same runs, ours (shim/races.h) and ThreadSanitizer: on all
// seeds with the newest port, and on seeds with several CPUs with each planted defect. They must
// agree whether there is a race; the known exception is listed.
#include "shim/thread_sanitizer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "engine/engine.h"
#include "iova/defect.h"
#include "iova/module.h"
#include "iova/port_variants.h"
#include "shim/races.h"

namespace engine {
namespace {

namespace fs = std::filesystem;

struct Seed {
  std::string name;
  program::Program program;
};

std::vector<Seed> seeds_of(const std::vector<std::string>& folders) {
  std::vector<Seed> seeds;
  for (const std::string& folder : folders)
    for (const auto& file : fs::recursive_directory_iterator(fs::path(IOVAFUZZ_CORPUS) / folder)) {
      if (file.path().extension() != ".iova") continue;
      std::ostringstream text;
      text << std::ifstream(file.path()).rdbuf();
      seeds.push_back({file.path().stem(), program::parse(text.str())});
    }
  std::sort(seeds.begin(), seeds.end(),
            [](const Seed& a, const Seed& b) { return a.name < b.name; });
  return seeds;
}

using Functions = std::set<std::string>;  // that make racing accesses

struct Verdicts {
  bool is_over = false;  // the process did not die of another finding
  Functions ours, theirs;
  // Only ThreadSanitizer's: a marked write and a later plain read. If a marked read came between,
  // the plain read follows the write, as races() knows; ThreadSanitizer learns only the order of
  // accesses before the write.
  Functions seen;
};

std::string told(const iova_variant& variant, const Seed& seed) {
  run(variant, seed.program, {.past_all = true, .watch_races = true, .survives_findings = true});
  std::string lines;
  for (const shim::Race& race : shim::races())
    lines += fmt::format("ours {}\nours {}\n", race.earlier.function, race.later.function);
  for (const shim::SecondOpinion& race : shim::second_opinions())
    lines += fmt::format("{0} {1}\n{0} {2}\n",
                         race.earlier_is_marked && !race.later_is_marked ? "seen" : "theirs",
                         race.earlier, race.later);
  return lines;
}

// Judges as many seeds, from the first on, as one process can.
std::vector<Verdicts> judge_some(const iova_variant& variant, std::span<const Seed> seeds) {
  int ends[2];
  if (pipe(ends)) abort();
  fflush(stdout);
  const pid_t process = fork();
  if (process == 0) {
    close(ends[0]);
    if (!freopen("/dev/null", "w", stderr)) abort();
    // A defect may make the allocator loop forever.
    constexpr rlimit most{5, 5};  // seconds
    setrlimit(RLIMIT_CPU, &most);
    shim::ask_thread_sanitizer();
    for (const Seed& seed : seeds) {
      const std::string lines = told(variant, seed);
      const std::string all = lines + "over\n";
      if (write(ends[1], all.data(), all.size()) < 0 || !lines.empty()) break;
    }
    _exit(0);
  }
  close(ends[1]);
  std::string all;
  char bytes[4096];
  for (ssize_t n; (n = read(ends[0], bytes, sizeof bytes)) > 0;)
    all.append(bytes, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(process, &status, 0);
  std::vector<Verdicts> verdicts(1);
  std::istringstream lines(all);
  for (std::string whose, function; lines >> whose;) {
    if (whose == "over") {
      verdicts.back().is_over = true;
      verdicts.emplace_back();
      continue;
    }
    std::getline(lines >> std::ws, function);
    Verdicts& of = verdicts.back();
    (whose == "ours" ? of.ours : whose == "seen" ? of.seen : of.theirs).insert(function);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) verdicts.pop_back();
  return verdicts;
}

std::vector<Verdicts> judge(const iova_variant& variant, std::span<const Seed> seeds) {
  std::vector<Verdicts> all;
  while (all.size() < seeds.size())
    for (Verdicts& verdicts : judge_some(variant, seeds.subspan(all.size())))
      all.push_back(std::move(verdicts));
  return all;
}

struct Comparison {
  size_t races = 0, none = 0, seen = 0, died = 0;  // seen: counted in none, too
  std::set<std::string> apart;                     // seeds on which the detectors disagree
};

Comparison compare(const iova_variant& variant, std::span<const Seed> seeds) {
  Comparison comparison;
  const std::vector<Verdicts> all = judge(variant, seeds);
  for (size_t i = 0; i < seeds.size(); i++) {
    Verdicts verdicts = all[i];
    const auto is_missed = [&] {
      return verdicts.is_over && !verdicts.ours.empty() && verdicts.theirs.empty() &&
             verdicts.seen.empty();
    };
    // ThreadSanitizer forgets accesses at random, so try again.
    for (int more = 0; more < 5 && is_missed(); more++)
      verdicts = judge_some(variant, seeds.subspan(i, 1))[0];
    auto& [is_over, ours, theirs, seen] = verdicts;
    if (!is_over) {
      comparison.died++;
    } else if (ours.empty() && theirs.empty()) {
      comparison.none++;
      comparison.seen += !seen.empty();
    } else {
      comparison.races++;
      theirs.merge(seen);
      Functions both;
      std::set_intersection(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                            std::inserter(both, both.end()));
      if (!both.empty()) continue;
      comparison.apart.insert(fmt::format("{}, {}", variant.name, seeds[i].name));
      fmt::print("{}, {}: races() {}, ThreadSanitizer {}\n", variant.name, seeds[i].name,
                 fmt::join(ours, " "), fmt::join(theirs, " "));
    }
  }
  return comparison;
}

TEST(ThreadSanitizerLong, SeesNoRaceInTheSeeds) {
  const std::vector<Seed> seeds = seeds_of({"."});
  const Comparison comparison = compare(port::fixed::variant, seeds);
  EXPECT_EQ(comparison.none, seeds.size());
  EXPECT_TRUE(comparison.apart.empty());
  EXPECT_LE(comparison.seen, 1u);  // queue_is_new_to_another_cpu
}

TEST(ThreadSanitizerLong, SeesThePlantedRaces) {
  const std::vector<Seed> seeds =
      seeds_of({"iova_races", "iova_interleave", "iova_queue_interleave"});
  size_t races = 0, with_races = 0;
  std::set<std::string> apart;
  for (const port::DefectInfo& defect : port::defects) {
    std::string name = defect.flag;
    std::replace(name.begin(), name.end(), '_', '-');
    const iova_variant* variant = port_module_variant(name.c_str());
    if (!variant) continue;  // the defect needs another revision
    const Comparison comparison = compare(*variant, seeds);
    fmt::print("{}: {} races, {} none, {} died of something else\n", name, comparison.races,
               comparison.none, comparison.died);
    races += comparison.races;
    with_races += comparison.races > 0;
    apart.insert(comparison.apart.begin(), comparison.apart.end());
  }
  // The reads of the queue directly follow the marked read of its address. ThreadSanitizer takes
  // them as ordered by the value read.
  EXPECT_EQ(apart,
            std::set<std::string>{"port@fixed+queue-barrier-dropped, queue_is_new_to_another_cpu"});
  EXPECT_GE(races, 100u);
  EXPECT_GE(with_races, 25u);
}

}  // namespace
}  // namespace engine
