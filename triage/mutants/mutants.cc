// SPDX-License-Identifier: GPL-2.0-only
// mutants: measures which small mistakes in a tree's iova.c the collection would miss.
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <thread>

#include "tool/campaign/campaign.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "triage/mutants/mutant_judge.h"
#include "triage/mutants/source_mutation.h"

namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace tool {
namespace {

constexpr const char file_name[] = "drivers/iommu/iova.c";

struct Arguments {
  std::string kernel, suite;
  Definitions definitions;
  milliseconds time{20'000};
  double seconds() const { return std::chrono::duration<double>(time).count(); }
  size_t sample = 120;
  unsigned seed = 1;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::string out;
  bool json = false;
};

// A survivor's verdict depends on the seeds and the time.
std::string hash_of_seeds() {
  std::string all;
  for (const fs::path& file : expand({(source_folder() / "corpus").string()}))
    all += read_file(file);
  return content_hash(all);
}

// Verdicts per mutant in a file, so that an interrupted run resumes. A killed mutant stays killed;
// a survivor is judged again with more time or other seeds.
class Verdicts {
 public:
  Verdicts(const fs::path& file, double seconds)
      : file_(file), seconds_(seconds), seeds_(hash_of_seeds()) {
    if (!fs::exists(file)) return;
    all_ = try_parse_json(read_file(file));
    if (!all_.is_object()) throw Failure(fmt::format("{}: is damaged: delete it", file.string()));
  }

  std::optional<MutantVerdict> find(const std::string& id) const {
    auto found = all_.find(id);
    if (found == all_.end() || !found->contains("verdict")) return std::nullopt;
    MutantVerdict verdict = found->at("verdict").get<MutantVerdict>();
    bool enough = found->at("seconds") >= seconds_ && found->at("seeds") == seeds_;
    if (verdict.result == "survived" && !enough) return std::nullopt;
    return verdict;
  }

  std::optional<SuiteVerdict> find_suite(const std::string& id, const std::string& suite) const {
    auto found = all_.find(id);
    if (found == all_.end() || !found->contains("suites")) return std::nullopt;
    auto of_suite = found->at("suites").find(suite);
    if (of_suite == found->at("suites").end()) return std::nullopt;
    return of_suite->get<SuiteVerdict>();
  }

  // suite: key for find_suite().
  void add(const std::string& id, const Judgement& judgement, const std::string& suite) {
    json& entry = all_[id];
    if (judgement.ours)
      entry.update({{"verdict", *judgement.ours}, {"seconds", seconds_}, {"seeds", seeds_}});
    if (judgement.suite && !suite.empty()) entry["suites"][suite] = *judgement.suite;
    write_file(file_, to_text(all_));
  }

 private:
  fs::path file_;
  double seconds_;
  std::string seeds_;
  json all_ = json::object();
};

struct Judged {
  const SourceMutant* mutant;
  std::string id;
  std::optional<MutantVerdict> verdict;
  std::optional<SuiteVerdict> suite = {};  // if a suite is given
};

std::string place_of(const SourceMutant& mutant) {
  return fmt::format("{}:{}:{}", file_name, mutant.line, mutant.column);
}

std::string in_words(const SuiteVerdict& suite) {
  if (suite.result.empty()) return "";
  return fmt::format("; the suite: {}{}", suite.result,
                     suite.by.empty() ? "" : fmt::format(" by {}", suite.by));
}

std::string in_words(const MutantVerdict& verdict) {
  if (!verdict.is_killed()) return verdict.result;
  return fmt::format("{}, by {}: {} ({})", verdict.result, verdict.stage, verdict.key,
                     verdict.source);
}

// Judges each mutant in its own process, since a shared object of one name loads only once.
class Processes {
 public:
  Processes(const MutantJudge& judge, unsigned slots, bool has_suite)
      : judge_(judge), has_suite_(has_suite) {
    for (unsigned i = slots; i-- > 0;) free_.push_back(i);
  }

  bool has_room() const { return !free_.empty(); }
  bool any() const { return !running_.empty(); }

  void start(Judged& judged) {
    unsigned slot = free_.back();
    fs::remove(result_file(slot));
    pid_t pid = run_child([&] {
      json result;
      try {
        const Judgement judgement =
            judge_.judge(slot, judged.mutant->text, !judged.verdict, has_suite_ && !judged.suite);
        if (judgement.ours) result["verdict"] = *judgement.ours;
        if (judgement.suite) result["suite"] = *judgement.suite;
      } catch (const std::exception& failure) {
        result["failure"] = failure.what();
      }
      write_file(result_file(slot), to_line(result));
      return 0;
    });
    free_.pop_back();
    running_[pid] = {slot, &judged};
  }

  // Waits for the next process to end.
  Judged& next() {
    pid_t pid = 0;
    while ((pid = waitpid(-1, nullptr, 0)) < 0 && errno == EINTR) {
    }
    auto [slot, judged] = running_.at(pid);
    running_.erase(pid);
    free_.push_back(slot);
    if (!fs::exists(result_file(slot)))
      throw Failure(
          fmt::format("{}: the process that judged it has died", place_of(*judged->mutant)));
    json result = parse_json(read_file(result_file(slot)));
    if (result.contains("failure")) throw Failure(result["failure"].get<std::string>());
    if (result.contains("verdict")) judged->verdict = result["verdict"].get<MutantVerdict>();
    if (result.contains("suite")) judged->suite = result["suite"].get<SuiteVerdict>();
    return *judged;
  }

 private:
  struct Running {
    unsigned slot;
    Judged* judged;
  };
  fs::path result_file(unsigned slot) const { return judge_.folder(slot) / "result.json"; }

  const MutantJudge& judge_;
  bool has_suite_;
  std::vector<unsigned> free_;
  std::map<pid_t, Running> running_;
};

struct Counts {
  size_t mutants = 0, not_compiled = 0, same_code = 0, breaks_promise = 0, survived = 0;
  std::map<std::string, size_t> killed;  // per stage
  size_t by_suite = 0, by_suite_with_failures = 0;

  void add(const MutantVerdict& verdict, const std::optional<SuiteVerdict>& suite) {
    if (suite && suite->is_killed()) {
      by_suite++;
      by_suite_with_failures += suite->result != "killed";
    }
    mutants++;
    not_compiled += verdict.result == "not compiled";
    same_code += verdict.result == "same code";
    breaks_promise += verdict.result == "breaks a promise";
    survived += verdict.result == "survived";
    if (verdict.is_killed()) killed[verdict.stage]++;
  }
  size_t killed_in(const std::string& stage) const {
    auto found = killed.find(stage);
    return found == killed.end() ? 0 : found->second;
  }
  size_t all_killed() const {
    size_t sum = 0;
    for (const auto& [stage, count] : killed) sum += count;
    return sum;
  }
  // Share of killed mutants among those whose code differs; nothing if there are none.
  std::optional<double> score() const { return share(all_killed()); }
  std::optional<double> score_of_suite() const { return share(by_suite); }

 private:
  std::optional<double> share(size_t killed_ones) const {
    size_t judged = all_killed() + survived;
    if (!judged) return std::nullopt;
    return static_cast<double>(killed_ones) / static_cast<double>(judged);
  }
};

json to_json(const Counts& counts, bool has_suite) {
  json row{{"mutants", counts.mutants},
           {"not_compiled", counts.not_compiled},
           {"same_code", counts.same_code},
           {"killed", counts.killed},
           {"breaks_promise", counts.breaks_promise},
           {"survived", counts.survived}};
  if (counts.score()) row["score"] = *counts.score();
  if (!has_suite) return row;
  row["suite"] = {{"killed", counts.by_suite}, {"with_failures", counts.by_suite_with_failures}};
  if (counts.score_of_suite()) row["suite"]["score"] = *counts.score_of_suite();
  return row;
}

struct Groups {
  std::vector<std::pair<std::string, Counts>> rows;  // in order of first use

  void add(const std::string& name, const Judged& judged) {
    auto found =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.first == name; });
    if (found == rows.end()) found = rows.insert(rows.end(), {name, {}});
    found->second.add(*judged.verdict, judged.suite);
  }
};

std::string percent(std::optional<double> share) {
  return share ? fmt::format("{:.0f}%", *share * 100) : "-";
}

void print_row(const std::string& name, const Counts& counts, bool has_suite) {
  fmt::print("{:<32} {:>7} {:>12} {:>9} {:>8} {:>10} {:>8} {:>8} {:>6}", name, counts.mutants,
             counts.not_compiled, counts.same_code, counts.killed_in("seeds"),
             counts.killed_in("comparison"), counts.killed_in("campaign"), counts.survived,
             percent(counts.score()));
  if (has_suite)
    fmt::print(" {:>9} {:>14} {:>6}", counts.by_suite, counts.by_suite_with_failures,
               percent(counts.score_of_suite()));
  fmt::print("\n");
}

void print_table(const char* title, const Groups& groups, bool has_suite) {
  fmt::print("\n{:<32} {:>7} {:>12} {:>9} {:>8} {:>10} {:>8} {:>8} {:>6}", title, "mutants",
             "not compiled", "same code", "by seeds", "comparison", "campaign", "survived",
             "score");
  if (has_suite) fmt::print(" {:>9} {:>14} {:>6}", "the suite", "no memory", "score");
  fmt::print("\n");
  for (const auto& [name, counts] : groups.rows) print_row(name, counts, has_suite);
}

// Prefixes each line with a mark.
std::string marked(const std::string& lines, const char* mark) {
  std::string result;
  for (size_t at = 0; at <= lines.size();) {
    size_t end = std::min(lines.find('\n', at), lines.size());
    result += mark + lines.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return result;
}

json to_json(const Judged& judged) {
  const SourceMutant& mutant = *judged.mutant;
  json row = *judged.verdict;
  if (judged.suite) row["suite"] = *judged.suite;
  row.update({{"id", judged.id},
              {"line", mutant.line},
              {"column", mutant.column},
              {"function", mutant.function},
              {"operator", mutant.mutation},
              {"before", mutant.before},
              {"after", mutant.after}});
  return row;
}

void write_survivors(const fs::path& folder, const std::string& source,
                     const std::vector<Judged>& all) {
  fs::remove_all(folder);
  make_folder(folder);
  for (const Judged& judged : all)
    if (judged.verdict->result == "survived")
      write_file(
          folder / fmt::format("{:04}-{}-{}-{}.diff", judged.mutant->line, judged.mutant->function,
                               judged.mutant->mutation, judged.id.substr(0, 8)),
          diff_of(source, *judged.mutant, file_name));
}

fs::path out_folder(const Arguments& arguments) {
  fs::path out = arguments.out;
  if (out.empty()) out = campaign_folder() / "mutants";
  make_folder(out);
  return out;
}

// Judges the mutants that have no verdict yet.
void judge_all(const KernelTree& tree, const Arguments& arguments, Verdicts& verdicts,
               std::vector<Judged>& all) {
  std::vector<Judged*> open;
  // Hash of the suite and its definitions, the key for its verdicts.
  std::string suite;
  if (!arguments.suite.empty()) {
    suite = read_file(arguments.suite);
    for (const std::string& definition : arguments.definitions) suite += "\n" + definition;
    suite = content_hash(suite);
  }
  for (Judged& judged : all) {
    judged.verdict = verdicts.find(judged.id);
    if (!suite.empty()) judged.suite = verdicts.find_suite(judged.id, suite);
    if (!judged.verdict || (!suite.empty() && !judged.suite)) open.push_back(&judged);
  }
  auto say = [&](const std::string& line) {
    if (arguments.json) return;
    fmt::print("{}\n", line);
    fflush(stdout);
  };
  if (open.size() < all.size())
    say(fmt::format("{} of {} mutants are already judged", all.size() - open.size(), all.size()));
  if (open.empty()) return;

  make_folder(build_folder() / "mutants");
  FileLock lock(build_folder() / "mutants" / "lock", "waiting for another mutants command to end");
  say(fmt::format("building {} ...", tree.title));
  unsigned slots = static_cast<unsigned>(std::min<size_t>(arguments.jobs, open.size()));
  JudgeOptions options{arguments.time, arguments.seed, arguments.suite, arguments.definitions};
  MutantJudge judge(tree, slots, options);
  if (options.time.count() && !judge.is_like_its_revision())
    say("targets that compare with the port are left out: the tree matches none of its revisions");
  Processes processes(judge, slots, !suite.empty());
  size_t done = 0;
  for (auto next = open.begin(); next != open.end() || processes.any();) {
    if (next != open.end() && processes.has_room()) {
      processes.start(**next++);
      continue;
    }
    const Judged& judged = processes.next();
    verdicts.add(judged.id, {judged.verdict, judged.suite}, suite);
    say(fmt::format("{}/{} {} {} in {}: {}{}", ++done, open.size(), place_of(*judged.mutant),
                    judged.mutant->mutation, judged.mutant->function, in_words(*judged.verdict),
                    judged.suite ? in_words(*judged.suite) : ""));
  }
}

int mutants(const Arguments& arguments) {
  if (arguments.kernel.empty()) throw Failure("mutants needs a kernel tree: --kernel TREE");
  if (!arguments.suite.empty()) read_file(arguments.suite);  // fails early if it cannot be read
  KernelTree tree = find_kernel_tree(arguments.kernel);
  std::string source = read_file(tree.folder / file_name);
  std::vector<SourceMutant> every = mutate_source(source);
  if (every.empty())
    throw Failure(fmt::format("{}: has nothing to mutate", (tree.folder / file_name).string()));
  std::vector<Judged> all;
  for (size_t index : sample_mutants(every, arguments.sample, arguments.seed))
    all.push_back({&every[index], content_hash(every[index].text), std::nullopt});
  fs::path out = out_folder(arguments);
  Verdicts verdicts(out / "verdicts.json", arguments.seconds());
  judge_all(tree, arguments, verdicts, all);

  const bool has_suite = !arguments.suite.empty();
  Counts total;
  Groups functions, operators;
  for (const char* mutation : mutation_operators) operators.rows.push_back({mutation, {}});
  json results = json::array();
  for (const Judged& judged : all) {
    total.add(*judged.verdict, judged.suite);
    functions.add(judged.mutant->function, judged);
    operators.add(judged.mutant->mutation, judged);
    results.push_back(to_json(judged));
  }
  json summary{{"kernel", tree.title},
               {"file", file_name},
               {"possible", every.size()},
               {"seed", arguments.seed},
               {"seconds", arguments.seconds()},
               {"total", to_json(total, has_suite)},
               {"results", results}};
  for (const auto& [name, counts] : functions.rows)
    summary["functions"][name] = to_json(counts, has_suite);
  for (const auto& [name, counts] : operators.rows)
    summary["operators"][name] = to_json(counts, has_suite);
  write_file(out / "mutants.json", to_text(summary));
  write_survivors(out / "survivors", source, all);
  int status = total.survived ? findings : nothing_new;
  if (arguments.json) {
    fmt::print("{}", to_text(summary));
    return status;
  }
  print_table("function", functions, has_suite);
  print_table("operator", operators, has_suite);
  fmt::print("\n");
  print_row("all", total, has_suite);
  if (total.survived) fmt::print("\nsurvivors:\n");
  for (const Judged& judged : all) {
    if (judged.verdict->result != "survived") continue;
    std::string cost;
    if (judged.verdict->steps != 1)
      cost = fmt::format(", {:.4f} times the steps", judged.verdict->steps);
    fmt::print("\n{}: {} in {}{}\n{}{}", place_of(*judged.mutant), judged.mutant->mutation,
               judged.mutant->function, cost, marked(judged.mutant->before, "-"),
               marked(judged.mutant->after, "+"));
  }
  fmt::print("\n{} of {} possible mutants: {} break a promise, {} only differ, {} survived; "
             "results are in {}\n",
             all.size(), every.size(), total.breaks_promise,
             total.all_killed() - total.breaks_promise, total.survived, out.string());
  if (has_suite)
    fmt::print("{} kills {} of the {} that differ, {} of them only when an allocation fails\n",
               arguments.suite, total.by_suite, total.all_killed() + total.survived,
               total.by_suite_with_failures);
  return status;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("mutants", "shows which source mutations of iova.c the targets and seeds miss");
  line.option("--kernel TREE", arguments.kernel, "kernel tree to mutate: a path or debian:VERSION");
  line.option("--suite FILE", arguments.suite, "C file with a KUnit suite to score as well");
  line.option(
          "--define NAME=VALUE", arguments.definitions,
          "macro that the suite needs and the tree lacks: NAME=VALUE or NAME(x)=VALUE; may be repeated")
      .one_at_a_time();
  line.option("--time", arguments.time, "fuzzing time per mutant; 0: seeds only");
  line.option("--sample", arguments.sample, "number of mutants, spread over all functions; 0: all");
  line.option("--seed", arguments.seed, "seed of the sample, the random programs and the engine");
  line.option("--jobs", arguments.jobs, "number of parallel mutants")
      .range(1, 1024)
      .shown_default("one per processor");
  line.option("--out DIR", arguments.out, "folder for verdicts and surviving mutants");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz mutants --kernel debian:6.12 --sample 40",
               "tests a sample of 40 mutants of Linux 6.12");
  return line.run(argc, argv, [&] { return mutants(arguments); });
}
