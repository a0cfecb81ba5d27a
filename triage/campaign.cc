// SPDX-License-Identifier: GPL-2.0-only
#include "triage/campaign.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <memory>

#include "triage/build.h"
#include "triage/commands.h"
#include "triage/files.h"
#include "triage/fuzzer.h"
#include "triage/input.h"
#include "triage/interrupt.h"

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace triage {
namespace {

// A place for one process at a time; targets take turns in it if there are more of them.
struct Slot {
  size_t target = 0;  // index
  std::unique_ptr<FuzzerProcess> process;
  Clock::time_point started, until;
  unsigned starts = 0;
};

class Campaign {
 public:
  Campaign(const CampaignOptions& options, const OnProgress& on_progress)
      : options_(options),
        on_progress_(on_progress),
        store_((make_folder(options.out), options.out), options.tested,
               {.use_ledger = options.ledger,
                .minimize_executions = options.minimize_executions}),
        begin_(Clock::now()) {
    for (const fuzz::Target* target : options_.targets) {
      make_folder(crash_folder(*target));
      if (!options_.seeds) fs::remove_all(corpus_folder(*target));
      make_folder(corpus_folder(*target));
      progress_.targets.push_back({.target = target});
      finished_.push_back({});
      running_time_.push_back({});
      turns_.push_back(0);
    }
    make_folder(options_.out / "logs");
  }

  CampaignResult run() {
    // What an earlier campaign left untriaged when it was killed.
    for (size_t i = 0; i < options_.targets.size(); i++) take_crashes(i, 0, "");
    slots_.resize(options_.jobs);
    for (size_t i = 0; i < slots_.size(); i++) slots_[i].target = i % options_.targets.size();
    while (!over()) {
      for (Slot& slot : slots_)
        if (!slot.process) start(slot);
      wait_for_output();
      for (Slot& slot : slots_) serve(slot);
      report(nullptr);
    }
    stop_all();
    progress_.elapsed = elapsed();
    progress_.interrupted = interrupted();
    update_progress();
    return {progress_, store_.findings()};
  }

 private:
  fs::path crash_folder(const fuzz::Target& target) const {
    return options_.out / "crashes" / target.name;
  }
  // Programs mean the same on every variant and are worth keeping; an empty start has its own.
  fs::path corpus_folder(const fuzz::Target& target) const {
    return options_.out / (options_.seeds ? "corpus" : "corpus-without-seeds") / target.name;
  }

  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin_);
  }
  bool over() const {
    return interrupted() || stop_ || (options_.time && elapsed() >= *options_.time);
  }

  // Short at first, since much is found soon by one target and never by another; then longer and
  // longer, since starting takes time.
  milliseconds turn(size_t turns_before) const {
    constexpr milliseconds shortest{500}, longest{60'000};
    if (slots_.size() >= options_.targets.size()) return milliseconds::max();
    milliseconds limit = longest;
    if (options_.time) {
      size_t turns = 3 * ((options_.targets.size() + slots_.size() - 1) / slots_.size());
      limit = std::clamp(*options_.time / static_cast<int>(turns), 2 * shortest, longest);
    }
    return std::min(limit, shortest * (1 << std::min<size_t>(turns_before, 10)));
  }

  void start(Slot& slot) {
    const fuzz::Target& target = *options_.targets[slot.target];
    fs::path folder = build_folder() / "bin" /
                      fuzz::binary_folder(target, options_.variant_folder.c_str());
    size_t index = static_cast<size_t>(&slot - slots_.data());
    std::vector<std::string> command{
        (folder / target.name).string(),
        "-seed=" + std::to_string(options_.seed + 1000 * slot.starts + index),
        "-max_len=" + std::to_string(target.max_len),
        "-artifact_prefix=" + crash_folder(target).string() + "/",
        "-dict=" + (folder / (std::string(target.name) + ".dict")).string(),
        "-timeout=" + std::to_string(options_.input_timeout),
        "-rss_limit_mb=2560",
        "-reload=1",
        "-print_final_stats=1",
        corpus_folder(target).string()};
    fs::path seeds = build_folder() / "corpus" / target.name;
    if (options_.seeds && fs::exists(seeds)) command.push_back(seeds.string());
    slot.process = std::make_unique<FuzzerProcess>(
        command, environment(),
        options_.out / "logs" / fmt::format("{}.{}.log", target.name, index));
    slot.starts++;
    slot.started = Clock::now();
    milliseconds time = turn(turns_[slot.target]++);
    slot.until = time == milliseconds::max() ? Clock::time_point::max() : slot.started + time;
  }

  // What fuzz/entry.h reads.
  std::vector<std::string> environment() const {
    std::vector<std::string> words{"IOVAFUZZ_KNOWN=" + store_.known_file().string()};
    if (options_.stock_mutators) words.push_back("IOVAFUZZ_MUTATORS=stock");
    return words;
  }

  void wait_for_output() {
    std::vector<pollfd> fds;
    for (Slot& slot : slots_) fds.push_back({slot.process->output(), POLLIN, 0});
    poll(fds.data(), fds.size(), 200);
  }

  void serve(Slot& slot) {
    if (Clock::now() >= slot.until) slot.process->interrupt();
    if (slot.process->read_output()) return;
    finish(slot);
    if (slots_.size() < options_.targets.size())
      slot.target = (slot.target + slots_.size()) % options_.targets.size();
  }

  // The process has ended: books its figures and takes in what it left.
  void finish(Slot& slot) {
    std::unique_ptr<FuzzerProcess> process = std::move(slot.process);
    size_t target = slot.target;
    finished_[target].executions += process->statistics().executions;
    finished_[target].cpu_seconds += process->statistics().cpu_seconds;
    finished_[target].coverage = process->statistics().coverage;
    finished_[target].corpus = process->statistics().corpus;
    running_time_[target] += Clock::now() - slot.started;
    note_known(progress_.targets[target], process->known_met());
    size_t taken = take_crashes(target, process->statistics().executions, process->tail());
    bool asked_to_end = process->status() == 0 || over() || Clock::now() >= slot.until;
    // Its input may have been taken in already, if another process left the same.
    bool left_input = taken || process->tail().find("Test unit written to") != std::string::npos;
    if (!left_input && !asked_to_end) {
      if (++failed_starts_ == 3)
        throw Failure(fmt::format("{} ends with status {} and leaves no crash:\n{}",
                                  options_.targets[target]->name, process->status(),
                                  process->tail()));
    } else {
      failed_starts_ = 0;
    }
  }

  size_t take_crashes(size_t target, uint64_t executions, const std::string& log) {
    std::vector<fs::path> inputs;
    for (const auto& entry : fs::directory_iterator(crash_folder(*options_.targets[target])))
      // Slow inputs are no findings.
      if (entry.path().filename().string().rfind("slow-unit-", 0) != 0)
        inputs.push_back(entry.path());
    std::sort(inputs.begin(), inputs.end());
    for (const fs::path& input : inputs) {
      TakenInput taken =
          store_.take(read_crash(input), *options_.targets[target], executions, log);
      note_known(progress_.targets[target], {taken.key});
      put_away(input, taken.key);
      if (!taken.new_finding) continue;
      progress_.targets[target].new_findings++;
      report(taken.new_finding);
      if (options_.first) {
        stop_ = true;
        return inputs.size();
      }
    }
    return inputs.size();
  }

  // What shows a known finding is kept apart; the store has the others.
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

  // Those of the keys that are in the ledger; the others are this campaign's own findings.
  void note_known(TargetProgress& row, const std::set<std::string>& keys) const {
    for (const std::string& key : keys)
      if (const engine::KnownFinding* known = store_.known(key)) row.known[known->id].insert(key);
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
    for (size_t i = 0; i < progress_.targets.size(); i++) {
      TargetProgress& row = progress_.targets[i];
      FuzzerStatistics sum = finished_[i];
      Clock::duration time = running_time_[i];
      row.running = false;
      for (const Slot& slot : slots_) {
        if (!slot.process || slot.target != i) continue;
        row.running = true;
        time += Clock::now() - slot.started;
        sum.executions += slot.process->statistics().executions;
        sum.coverage = std::max(sum.coverage, slot.process->statistics().coverage);
        sum.corpus = std::max(sum.corpus, slot.process->statistics().corpus);
        note_known(row, slot.process->known_met());
      }
      double seconds = std::chrono::duration<double>(time).count();
      row.executions = sum.executions;
      row.executions_per_second = seconds > 0 ? static_cast<double>(sum.executions) / seconds : 0;
      row.cpu_seconds = sum.cpu_seconds;
      row.coverage = sum.coverage;
      row.corpus = sum.corpus;
    }
  }

  void report(const StoredFinding* finding) {
    progress_.elapsed = elapsed();
    update_progress();
    on_progress_(progress_, finding);
  }

  const CampaignOptions& options_;
  const OnProgress& on_progress_;
  FindingStore store_;
  Clock::time_point begin_;
  std::vector<Slot> slots_;
  Progress progress_;
  std::vector<FuzzerStatistics> finished_;  // by target, of processes that have ended
  std::vector<Clock::duration> running_time_;
  std::vector<size_t> turns_;  // by target
  unsigned failed_starts_ = 0;
  bool stop_ = false;
};

}  // namespace

fs::path campaign_folder() {
  fs::path folder = source_folder() / ".campaign";
  make_folder(folder);
  write_file(folder / ".gitignore", "*\n");
  return folder;
}

CampaignResult run_campaign(const CampaignOptions& options, const OnProgress& on_progress) {
  InterruptGuard guard;
  return Campaign(options, on_progress).run();
}

}  // namespace triage
