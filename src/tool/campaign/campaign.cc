// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/campaign.h"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <tuple>

#include "engine/oracles.h"
#include "tool/campaign/course.h"
#include "tool/campaign/fuzzer.h"
#include "tool/campaign/shared.h"
#include "tool/campaign/summary.h"
#include "tool/replay/input.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"
#include "tool/support/json.h"
#include "tool/support/report_json.h"

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace tool {
namespace {

constexpr milliseconds save_every{2000}, shortest_turn{500};

// Holds one process at a time. Targets and engines take turns if there are more of them.
struct Slot {
  size_t lane = 0;  // index into progress_.targets
  std::unique_ptr<FuzzerProcess> process;
  Clock::time_point started, until, handed_over;
  unsigned starts = 0;
};

// State of a target with an engine that the screen does not show.
struct Lane {
  FuzzerStatistics finished;  // of ended processes
  Clock::duration ran{0}, ran_at_last_new{0};
  size_t turns = 0;
  unsigned failed_starts = 0;  // consecutive
  bool has_run = false;        // a process ran as expected
};

// The last lines, without escape sequences for colours.
std::string last_words(const std::string& tail) {
  std::string text;
  for (size_t i = 0; i < tail.size(); i++) {
    if (tail.compare(i, 2, "\x1b[") == 0) {
      i = std::min(tail.find_first_not_of("0123456789;?", i + 2), tail.size());  // the letter that
                                                                                 // ends the
                                                                                 // sequence
      continue;
    }
    text += tail[i];
  }
  size_t at = text.size();
  for (int lines = 0; lines < 12 && at != std::string::npos && at > 0; lines++)
    at = text.rfind('\n', at - 1);
  return at == std::string::npos ? text : text.substr(at);
}

class Campaign {
 public:
  Campaign(const CampaignOptions& options, const OnProgress& on_progress)
      : options_(options), on_progress_(on_progress),
        lock_((make_folder(options.out), options.out / "lock"),
              fmt::format("another campaign uses {}: waiting for it to end", options.out.string())),
        store_(options.out, options.tested,
               {.use_ledger = options.ledger,
                .forgotten = options.forgotten,
                .past = options.past,
                .timeout_ms = static_cast<int>(options.input_timeout) * 1000,
                .minimize_executions = options.minimize_executions,
                .minimize_beside = true}),
        begin_(Clock::now()) {
    for (const fuzz::Target* target : options_.targets) {
      // Never removes a shared corpus: other campaigns may use it.
      if (!options_.seeds && options_.shared.empty()) fs::remove_all(corpus_folder(*target));
      make_folder(corpus_folder(*target));
      for (const auto& [engine, build] : options_.builds) {
        make_folder(crash_folder(*target, engine));
        progress_.targets.push_back({.target = target, .engine = engine});
      }
    }
    lanes_.resize(progress_.targets.size());
    progress_.time = options_.time;
    make_folder(options_.out / "logs");
    read_totals();
  }

  CampaignResult run() {
    gone_ = store_.load_what_shows();
    if (options_.first && !findings(false).empty()) stop_ = true;
    for (size_t i = 0; i < lanes_.size(); i++) recover(i);
    slots_.resize(options_.jobs);
    for (size_t i = 0; i < slots_.size(); i++) slots_[i].lane = i % lanes_.size();
    noted_at_ = Clock::now();
    report(nullptr);
    while (!over() && has_space()) {
      start_all();
      wait_for_output();
      for (Slot& slot : slots_)
        if (slot.process) serve(slot);
      make_smaller();
      report(nullptr);
    }
    stop_all();
    while (!interrupted() && fatal_.empty() && make_smaller()) {
      poll(nullptr, 0, 50);
      report(nullptr);
    }
    progress_.interrupted = interrupted();
    progress_.running = false;
    update_progress();
    write_totals();
    write_summary();
    note_course(nullptr);
    if (!fatal_.empty()) throw Failure(fatal_);
    return result();
  }

 private:
  // An input that crashes one variant may show another key or nothing on the next, so crashes stay
  // with their variant.
  std::string name_of_variant() const {
    return options_.variant_folder + (options_.tested.variant->views ? "" : "+contract-only");
  }
  // Each engine has its own folder, so that reading one does not race with the other's writes.
  static fs::path crashes_below(const fs::path& folder, const fuzz::Target& target, Engine engine) {
    return (engine == Engine::libfuzzer ? folder : folder / name(engine)) / target.name;
  }
  fs::path crash_folder(const fuzz::Target& target, Engine engine) const {
    return crashes_below(options_.out / "crashes" / name_of_variant(), target, engine);
  }
  fs::path scratch_folder(Engine engine) const {
    return options_.out / name(engine) / name_of_variant();
  }
  // Programs mean the same on every variant, so the corpus is common to all.
  fs::path kept_corpus(const fuzz::Target& target) const {
    return (options_.shared.empty() ? options_.out / "corpus" : corpus_of(options_.shared)) /
           target.name;
  }
  // Runs without seeds use a separate corpus.
  fs::path corpus_folder(const fuzz::Target& target) const {
    return options_.seeds ? kept_corpus(target)
                          : options_.out / "corpus-without-seeds" / target.name;
  }

  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin_);
  }
  bool over() const {
    return interrupted() || stop_ || !fatal_.empty() ||
           (options_.time && elapsed() >= *options_.time);
  }

  // Turns are short at first, since some targets find much at once and others nothing; they grow
  // later to save start-up costs.
  milliseconds turn(const Slot& slot) const {
    // A process reads others' inputs only when it starts.
    if (slots_.size() >= able_lanes())
      return options_.shared.empty() ? milliseconds::max() : milliseconds(300'000);
    // AFL++ first runs every input several times.
    bool is_slow = progress_.targets[slot.lane].engine == Engine::aflpp;
    const milliseconds shortest = is_slow ? milliseconds(3'000) : shortest_turn;
    constexpr milliseconds longest{60'000};
    milliseconds limit = longest;
    if (options_.time) {
      size_t turns = 3 * ((able_lanes() + slots_.size() - 1) / slots_.size());
      limit = std::clamp(*options_.time / static_cast<int>(turns), 2 * shortest, longest);
    }
    return std::min(limit, shortest * (1 << std::min<size_t>(lanes_[slot.lane].turns, 10)));
  }

  size_t able_lanes() const {
    return static_cast<size_t>(std::count_if(progress_.targets.begin(), progress_.targets.end(),
                                             [](const auto& row) { return !row.failed; }));
  }
  size_t processes_of(size_t lane) const {
    return static_cast<size_t>(std::count_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      return slot.process && slot.lane == lane;
    }));
  }

  // The next lane to run: fewest processes, then fewest turns, then next in order.
  size_t next_lane(size_t last) const {
    std::optional<std::tuple<size_t, size_t, size_t>> best;
    for (size_t i = 1; i <= lanes_.size(); i++) {
      size_t lane = (last + i) % lanes_.size();
      if (progress_.targets[lane].failed) continue;
      std::tuple rank{processes_of(lane), lanes_[lane].turns, i};
      if (!best || rank < *best) best = rank;
    }
    return best ? (last + std::get<2>(*best)) % lanes_.size() : last;
  }

  void note_time() {
    Clock::time_point now = Clock::now();
    for (size_t i = 0; i < lanes_.size(); i++)
      if (processes_of(i)) lanes_[i].ran += now - noted_at_;
    noted_at_ = now;
  }

  // Starting many processes takes long, so report between starts.
  void start_all() {
    learn_from_others();
    for (Slot& slot : slots_) {
      if (slot.process) continue;
      if (over()) return;
      start(slot);
      report(nullptr);
    }
  }

  void learn_from_others() {
    constexpr std::chrono::seconds often_enough{10};
    if (options_.shared.empty() || Clock::now() < learned_at_ + often_enough) return;
    learned_at_ = Clock::now();
    store_.leave_to_others(keys_of_others(options_.shared, options_.out.filename().string(),
                                          options_.tested.variant->name));
  }

  void start(Slot& slot) {
    note_time();
    const TargetProgress& row = progress_.targets[slot.lane];
    size_t index = static_cast<size_t>(&slot - slots_.data());
    std::string of_slot = fmt::format("{}.{}", row.target->name, index);
    fs::path seeds = build_folder() / "corpus" / row.target->name;
    FuzzerTask task{.target = row.target,
                    .bin = options_.builds.at(row.engine) / "bin" /
                           fuzz::binary_folder(*row.target, options_.variant_folder.c_str()),
                    .corpus = corpus_folder(*row.target),
                    .seeds = options_.seeds && fs::exists(seeds) ? seeds : "",
                    .crashes = crash_folder(*row.target, row.engine),
                    .scratch = scratch_folder(row.engine) / of_slot,
                    .log = options_.out / "logs" / (of_slot + ".log"),
                    .environment = {"IOVAFUZZ_KNOWN=" + store_.known_file().string(),
                                    "IOVAFUZZ_DIFFERENCES=tell"},
                    .seed = options_.seed + 1000 * slot.starts + static_cast<unsigned>(index),
                    .input_timeout = options_.input_timeout,
                    .memory = options_.memory,
                    .engine_options = options_.engine_options,
                    .stock_mutators = options_.stock_mutators};
    if (!options_.tested.variant->views) task.environment.push_back("IOVAFUZZ_VIEWS=none");
    slot.process = row.engine == Engine::aflpp ? start_aflpp(task) : start_libfuzzer(task);
    slot.starts++;
    slot.started = Clock::now();
    milliseconds time = turn(slot);
    lanes_[slot.lane].turns++;
    slot.until = time == milliseconds::max() ? Clock::time_point::max() : slot.started + time;
  }

  void wait_for_output() {
    std::vector<pollfd> fds;
    for (Slot& slot : slots_)
      if (slot.process) fds.push_back({slot.process->output(), POLLIN, 0});
    poll(fds.data(), fds.size(), 200);
  }

  void serve(Slot& slot) {
    // Inputs that a process began with and did not get through count for nothing: its turn waits
    // for them, a while.
    constexpr std::chrono::seconds longest_start{60};
    const Clock::time_point now = Clock::now();
    if (now >= slot.until && !slot.process->has_begun() && now < slot.started + longest_start)
      slot.until = now + shortest_turn;
    if (now >= slot.until) slot.process->interrupt();
    if (slot.process->read_output()) {
      hand_over(slot);
      if (slot.process->take_kept())
        take_crashes(slot.lane, slot.process->statistics().executions, "");
      return;
    }
    finish(slot);
    bool others_wait = slots_.size() < able_lanes();
    if (others_wait || progress_.targets[slot.lane].failed) slot.lane = next_lane(slot.lane);
  }

  // AFL++ continues after a crash, so collect its crashes while it runs.
  void hand_over(Slot& slot) {
    if (progress_.targets[slot.lane].engine == Engine::libfuzzer) return;
    constexpr milliseconds often_enough{500};
    if (Clock::now() - slot.handed_over < often_enough) return;
    slot.handed_over = Clock::now();
    slot.process->hand_over();
    take_crashes(slot.lane, slot.process->statistics().executions, slot.process->tail());
  }

  // Called after the process has ended: adds its figures and collects its inputs.
  void finish(Slot& slot) {
    note_time();
    std::unique_ptr<FuzzerProcess> process = std::move(slot.process);
    process->hand_over();
    Lane& lane = lanes_[slot.lane];
    TargetProgress& row = progress_.targets[slot.lane];
    const FuzzerStatistics& statistics = process->statistics();
    lane.finished.executions += statistics.executions;
    lane.finished.cpu_seconds += statistics.cpu_seconds;
    lane.finished.coverage = std::max(lane.finished.coverage, statistics.coverage);
    if (statistics.corpus) lane.finished.corpus = statistics.corpus;
    if (statistics.stability)
      lane.finished.stability = std::min(*statistics.stability, row.stability.value_or(100));
    note_known(row, process->known_met());
    size_t taken = take_crashes(slot.lane, statistics.executions, process->tail());
    bool asked_to_end = process->status() == 0 || over() || Clock::now() >= slot.until;
    // Another process may have left the same input, which is then already stored.
    bool left_input = taken || process->tail().find("Test unit written to") != std::string::npos;
    if (left_input || asked_to_end) {
      lane.failed_starts = 0;
      lane.has_run = true;
    } else if (++lane.failed_starts == 3) {
      give_up(slot.lane, process->status(), last_words(process->tail()));
    }
  }

  // Excludes a target with its engine, or the whole engine if it has never run.
  void give_up(size_t lane, int status, const std::string& words) {
    Engine engine = progress_.targets[lane].engine;
    if (progress_.targets[lane].failed) return;
    bool runs_elsewhere = false, said = false;
    for (size_t i = 0; i < lanes_.size(); i++) {
      if (progress_.targets[i].engine != engine) continue;
      runs_elsewhere |= processes_of(i) || lanes_[i].has_run;
      said |= progress_.targets[i].failed;
    }
    for (size_t i = 0; i < lanes_.size(); i++)
      if (i == lane || (!runs_elsewhere && progress_.targets[i].engine == engine))
        progress_.targets[i].failed = true;
    std::string who = name(engine);
    if (runs_elsewhere) who = fmt::format("{} with {}", progress_.targets[lane].target->name, who);
    std::string trouble = fmt::format(
        "{} cannot start: it exits with status {} and leaves no crash input", who, status);
    bool is_last = able_lanes() == 0;
    if (!said || is_last) trouble += ":\n" + words;
    if (is_last)
      fatal_ = trouble;
    else
      progress_.troubles.push_back(trouble);
  }

  // Collects inputs that an earlier, killed campaign left unprocessed.
  void recover(size_t lane) {
    const fuzz::Target& target = *progress_.targets[lane].target;
    std::error_code none;
    make_folder(crash_folder(target, Engine::aflpp));
    make_folder(kept_corpus(target));
    // Old versions had no folder per variant; inputs in their folders go to this variant.
    for (const fs::path& left :
         {scratch_folder(Engine::aflpp), options_.out / name(Engine::aflpp)}) {
      std::vector<fs::path> scratches;
      for (const auto& entry : fs::directory_iterator(left, none))
        if (entry.path().stem() == target.name) scratches.push_back(entry.path());
      for (const fs::path& scratch : scratches)
        recover_aflpp(scratch, kept_corpus(target), crash_folder(target, Engine::aflpp));
      fs::remove(left, none);  // fails if it is not empty
    }
    for (Engine engine : {Engine::libfuzzer, Engine::aflpp})
      for (const fs::path& folder :
           {crashes_below(options_.out / "crashes", target, engine), crash_folder(target, engine)})
        recover_crashes(lane, folder);
  }

  void recover_crashes(size_t lane, const fs::path& folder) {
    take_crashes_of(lane, folder, 0, "");
    // Partial files belong to inputs that were never reported; fuzzing finds them again.
    std::error_code none;
    std::vector<fs::path> partial;
    for (const auto& entry : fs::directory_iterator(folder, none))
      if (is_partial(entry.path())) partial.push_back(entry.path());
    for (const fs::path& path : partial) fs::remove(path, none);
  }

  size_t take_crashes(size_t lane, uint64_t executions, const std::string& log) {
    const TargetProgress& row = progress_.targets[lane];
    return take_crashes_of(lane, crash_folder(*row.target, row.engine), executions, log);
  }

  size_t take_crashes_of(size_t lane, const fs::path& folder, uint64_t executions,
                         const std::string& log) {
    TargetProgress& row = progress_.targets[lane];
    std::vector<fs::path> inputs;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none))
      // Skips slow inputs, which are no findings, and partial files of a killed process.
      if (entry.is_regular_file(none) && !is_partial(entry.path()) &&
          entry.path().filename().string().rfind("slow-unit-", 0) != 0)
        inputs.push_back(entry.path());
    std::sort(inputs.begin(), inputs.end());
    for (const fs::path& input : inputs) {
      if (options_.first && stop_) break;  // the next campaign processes it
      std::string name = input.filename().string();
      uint64_t executions_then = executions;
      if (size_t at = name.rfind(executions_label); at != std::string::npos)
        executions_then = strtoull(name.c_str() + at + strlen(executions_label), nullptr, 10);
      // A process stored this input and continued; others may have stored inputs for the same key.
      if (size_t at = name.find(':'); name.starts_with("kept-") && at != std::string::npos) {
        std::string key = name.substr(at + 1, name.rfind(executions_label) - at - 1);
        if (store_.take_found(read_crash(input), key)) {
          fs::remove(input);
          continue;
        }
      }
      // A timeout must reproduce: the machine may have been busy or suspended.
      const bool was_slow = name.starts_with("timeout-");
      TakenInput taken =
          store_.take(read_crash(input), *row.target, executions_then, log, was_slow);
      if (taken.key.empty()) {
        fs::remove(input);
        progress_.troubles.push_back(fmt::format("{}: an input exceeded {} s, but not on a rerun",
                                                 row.target->name, options_.input_timeout));
        continue;
      }
      note_known(row, {taken.key});
      put_away(input, taken.key);
      if (!taken.new_finding) continue;
      bool counts = !taken.new_finding->is_difference;
      row.new_findings += counts;
      if (counts) lane_of_[taken.new_finding->key] = lane;
      report(taken.new_finding);
      stop_ |= counts && options_.first;
    }
    return inputs.size();
  }

  // Minimizes findings while targets run.
  bool make_smaller() {
    std::string gone;
    bool goes_on = store_.make_smaller_beside(&gone);
    if (auto lane = lane_of_.find(gone); lane != lane_of_.end())
      progress_.targets[lane->second].new_findings--;
    return goes_on;
  }

  std::vector<StoredFinding> findings(bool that_are_differences) const {
    std::vector<StoredFinding> chosen;
    for (const StoredFinding& finding : store_.findings())
      if (finding.is_difference == that_are_differences) chosen.push_back(finding);
    auto rank = [](const StoredFinding& finding) {
      return std::pair(engine::is_difference(finding.key), severity_of(finding.outcome));
    };
    std::stable_sort(chosen.begin(), chosen.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return chosen;
  }
  CampaignResult result() const { return {progress_, findings(false), findings(true), gone_}; }

  // Inputs with a known finding go to known/ID; the store has copied all others.
  void put_away(const fs::path& input, const std::string& key) const {
    const engine::KnownFinding* known = store_.known(key);
    if (!known) {
      fs::remove(input);
      return;
    }
    fs::path folder = options_.out / "known" / known->id;
    make_folder(folder);
    fs::rename(input, folder / input.filename());
  }

  // Only keys in the ledger or of --past; the rest are this campaign's own findings.
  void note_known(TargetProgress& row, const std::set<std::string>& keys) const {
    for (const std::string& key : keys) {
      if (const engine::KnownFinding* known = store_.known(key))
        row.known[known->id].insert(key);
      else if (store_.is_past(key))
        row.past.insert(key);
    }
  }

  void stop_all() {
    for (Slot& slot : slots_)
      if (slot.process) slot.process->interrupt();
    Clock::time_point patience = Clock::now() + std::chrono::seconds(10);
    for (Slot& slot : slots_) {
      if (!slot.process) continue;
      bool open = true;
      while ((open = slot.process->read_output()) && Clock::now() < patience) {
        pollfd fd{slot.process->output(), POLLIN, 0};
        poll(&fd, 1, 200);
      }
      if (open)
        slot.process.reset();  // killed; its crashes so far are on disk
      else
        finish(slot);
    }
  }

  void update_progress() {
    note_time();
    progress_.elapsed = elapsed();
    for (size_t i = 0; i < lanes_.size(); i++) {
      TargetProgress& row = progress_.targets[i];
      FuzzerStatistics sum = lanes_[i].finished;
      row.running = false;
      for (const Slot& slot : slots_) {
        if (!slot.process || slot.lane != i) continue;
        row.running = true;
        sum.executions += slot.process->statistics().executions;
        sum.coverage = std::max(sum.coverage, slot.process->statistics().coverage);
        sum.corpus = std::max(sum.corpus, slot.process->statistics().corpus);
        note_known(row, slot.process->known_met());
      }
      row.ran = std::chrono::duration<double>(lanes_[i].ran).count();
      row.executions = sum.executions;
      row.executions_per_second = row.ran > 0 ? static_cast<double>(sum.executions) / row.ran : 0;
      row.cpu_seconds = sum.cpu_seconds;
      if (sum.coverage > row.coverage || sum.corpus > row.corpus) {
        row.last_new = elapsed();
        lanes_[i].ran_at_last_new = lanes_[i].ran;
      }
      row.quiet = std::chrono::duration<double>(lanes_[i].ran - lanes_[i].ran_at_last_new).count();
      row.coverage = sum.coverage;
      row.corpus = sum.corpus;
      row.stability = sum.stability;
    }
    progress_.inputs_by_key.clear();
    for (const StoredFinding& finding : store_.findings())
      if (!finding.is_difference) progress_.inputs_by_key[finding.key] = finding.inputs;
    progress_.totals = before_;
    progress_.totals.runs++;
    progress_.totals.seconds += std::chrono::duration<double>(elapsed()).count();
    for (const TargetProgress& row : progress_.targets)
      progress_.totals.executions += row.executions;
  }

  void report(const StoredFinding* finding) {
    update_progress();
    if (progress_.elapsed - saved_at_ >= save_every) write_totals();
    if (finding || !summarized_at_ || progress_.elapsed - *summarized_at_ >= summarize_every())
      write_summary();
    note_course(finding);
    on_progress_(progress_, finding);
  }

  // Intervals grow with time: a month gives some hundred lines.
  void note_course(const StoredFinding* finding) {
    const bool is_due = !noted_course_at_ ||
                        progress_.elapsed - *noted_course_at_ >=
                            std::max(milliseconds(2'000), progress_.elapsed / 60) ||
                        !progress_.running;
    if (is_due) {
      noted_course_at_ = progress_.elapsed;
      append_to_course(options_.out, course_point(progress_, options_.tested.variant->name));
    }
    if (finding)
      append_to_course(options_.out, {{"variant", options_.tested.variant->name},
                                      {"seconds", progress_.totals.seconds},
                                      {"finding", finding->key}});
  }

  // Totals per variant.
  fs::path totals_file() const { return options_.out / "totals.json"; }

  json all_totals() const {
    std::error_code none;
    if (!fs::exists(totals_file(), none)) return json::object();
    json all = try_parse_json(read_file(totals_file()));
    return all.is_object() ? all : json::object();
  }

  void read_totals() {
    json of_variant = all_totals()[options_.tested.variant->name];
    if (!of_variant.is_object()) return;
    before_ = {of_variant.value("runs", 0u), of_variant.value("seconds", 0.0),
               of_variant.value("executions", uint64_t{0})};
  }

  void write_totals() {
    saved_at_ = progress_.elapsed;
    json all = all_totals();
    all[options_.tested.variant->name] = {{"runs", progress_.totals.runs},
                                          {"seconds", progress_.totals.seconds},
                                          {"executions", progress_.totals.executions}};
    write_file(totals_file(), to_text(all));
  }

  // Short intervals at first, for short campaigns.
  milliseconds summarize_every() const {
    return std::clamp(progress_.elapsed / 4, milliseconds(5'000), milliseconds(60'000));
  }

  void write_summary() {
    summarized_at_ = progress_.elapsed;
    write_file(summary_file(options_.out), to_text(to_json(result(), options_)));
  }

  // Crashes cannot be stored on a full disk.
  bool has_space() {
    if (fs::space(options_.out).available >= options_.least_space) return true;
    fatal_ = fmt::format(
        "{}: less than {} MB of disk space left: free some and run the same command to resume",
        options_.out.string(), options_.least_space >> 20);
    return false;
  }

  const CampaignOptions& options_;
  const OnProgress& on_progress_;
  FileLock lock_;  // declared before store_, which writes to the locked folder
  FindingStore store_;
  Clock::time_point begin_;
  std::vector<Slot> slots_;
  Progress progress_;
  std::vector<Lane> lanes_;                // same index as progress_.targets
  std::map<std::string, size_t> lane_of_;  // lane that first met each finding
  Totals before_;
  milliseconds saved_at_{0};
  std::optional<milliseconds> summarized_at_, noted_course_at_;
  Clock::time_point learned_at_{};  // last call of learn_from_others()
  Clock::time_point noted_at_;      // end of the time included in `ran`
  std::vector<std::string> gone_;
  std::string fatal_;  // reason why the campaign cannot continue
  bool stop_ = false;
};

}  // namespace

KnownMet known_met(const Progress& progress) {
  KnownMet met;
  for (const TargetProgress& row : progress.targets)
    for (const auto& [id, keys] : row.known) met[id].insert(keys.begin(), keys.end());
  return met;
}

fs::path usual_campaign_folder() { return source_folder() / ".campaign"; }

fs::path campaign_folder() {
  fs::path folder = usual_campaign_folder();
  try {
    make_folder(folder);
  } catch (const Failure& failure) {
    throw Failure(fmt::format("{}: give another folder with --out DIR", failure.what()));
  }
  return folder;
}

CampaignResult run_campaign(const CampaignOptions& options, const OnProgress& on_progress) {
  InterruptGuard guard;
  return Campaign(options, on_progress).run();
}

}  // namespace tool
