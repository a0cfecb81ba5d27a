// SPDX-License-Identifier: GPL-2.0-only
// Runs afl-fuzz on a target's AFL++ binary. All results move to the task's folders, so each start
// is a fresh one.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "tool/campaign/fuzzer.h"
#include "tool/findings/findings.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// Name of the AFL++ instance. Main instances import inputs that others add to the corpus.
constexpr char instance[] = "main";

// Hard-links the file, or copies it if that fails. Ignores a file that another process removed.
void place(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error && !fs::exists(to) && fs::exists(from)) write_file(to, read_file(from));
}

class Aflpp : public FuzzerProcess {
 public:
  Aflpp(const std::vector<std::string>& command, const std::vector<std::string>& environment,
        const FuzzerTask& task)
      // SIGINT lets AFL++ remove its shared memory.
      : FuzzerProcess(command, environment, task.log, SIGINT),
        folder_(task.scratch / "out" / instance), corpus_(task.corpus), crashes_(task.crashes) {}

  void hand_over() override {
    hand_over_crashes(folder_, crashes_);
    hand_over_queue(folder_, corpus_, handed_over_);
    read_statistics();
  }

  ~Aflpp() override {
    interrupt();
    for (int tenths = 0; tenths < 20 && is_running() && read_output(); tenths++) usleep(100'000);
  }

  static void hand_over_crashes(const fs::path& folder, const fs::path& crashes) {
    std::error_code none;
    for (const char* kind : {"crashes", "hangs"})
      for (const auto& entry : fs::directory_iterator(folder / kind, none)) {
        // An empty file is still being written.
        if (!is_input(entry.path()) || fs::file_size(entry.path(), none) == 0) continue;
        std::string content = read_file(entry.path()), name = entry.path().filename().string();
        size_t executions = name.find(executions_label), end = name.find(',', executions + 1);
        write_file(crashes / fmt::format("{}-{}{}", kind[0] == 'c' ? "crash" : "timeout",
                                         content_hash(content),
                                         executions == std::string::npos
                                             ? ""
                                             : name.substr(executions, end - executions)),
                   content);
        fs::remove(entry.path(), none);
      }
  }

  // Copies AFL++'s own inputs into the corpus, named by content hash.
  static void hand_over_queue(const fs::path& folder, const fs::path& corpus,
                              std::set<std::string>& done) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / "queue", none)) {
      std::string name = entry.path().filename().string();
      bool is_given =
          name.find(",orig:") != std::string::npos || name.find(",sync:") != std::string::npos;
      // An empty file is still being written.
      if (!is_input(entry.path()) || is_given || fs::file_size(entry.path(), none) == 0 ||
          !done.insert(name).second)
        continue;
      std::string content = read_file(entry.path());
      fs::path copy = corpus / content_hash(content);
      if (!fs::exists(copy, none)) write_file(copy, content);
    }
  }

 private:
  static bool is_input(const fs::path& path) {
    return path.filename().string().rfind("id:", 0) == 0;
  }

  void read_statistics() {
    // AFL++ updates plot_data regularly, and fuzzer_stats at exit.
    std::error_code none;
    if (fs::exists(folder_ / "plot_data", none)) {
      std::istringstream lines(read_file(folder_ / "plot_data"));
      std::string line, last;
      while (std::getline(lines, line))
        if (!lines.eof() && line.rfind('#', 0) != 0) last = line;
      std::vector<std::string> fields;
      std::istringstream words(last);
      for (std::string field; std::getline(words, field, ',');) fields.push_back(field);
      constexpr size_t corpus = 3, executions = 11, edges = 12;
      if (fields.size() > edges) {
        statistics_.corpus = strtoull(fields[corpus].c_str(), nullptr, 10);
        statistics_.executions = strtoull(fields[executions].c_str(), nullptr, 10);
        statistics_.coverage = strtoull(fields[edges].c_str(), nullptr, 10);
      }
    }
    if (!fs::exists(folder_ / "fuzzer_stats", none)) return;
    std::istringstream lines(read_file(folder_ / "fuzzer_stats"));
    for (std::string line; std::getline(lines, line);) {
      size_t colon = line.find(':');
      if (colon == std::string::npos) continue;
      std::string label = line.substr(0, line.find_last_not_of(' ', colon - 1) + 1);
      double value = strtod(line.c_str() + colon + 1, nullptr);
      auto at_least = [&](uint64_t& figure) {
        figure = std::max(figure, static_cast<uint64_t>(value));
      };
      if (label == "execs_done") at_least(statistics_.executions);
      if (label == "corpus_count") at_least(statistics_.corpus);
      if (label == "edges_found") at_least(statistics_.coverage);
      if (label == "stability") statistics_.stability = value;
    }
  }

  fs::path folder_, corpus_, crashes_;
  std::set<std::string> handed_over_;  // names in the AFL++ queue
};

}  // namespace

void recover_aflpp(const fs::path& scratch, const fs::path& corpus, const fs::path& crashes) {
  std::set<std::string> none;
  Aflpp::hand_over_crashes(scratch / "out" / instance, crashes);
  Aflpp::hand_over_queue(scratch / "out" / instance, corpus, none);
  std::error_code ignored;  // AFL++ may be removing files as it ends
  fs::remove_all(scratch, ignored);
}

std::unique_ptr<FuzzerProcess> start_aflpp(const FuzzerTask& task) {
  fs::path out = task.scratch / "out", in = task.scratch / "in";
  fs::remove_all(task.scratch);
  make_folder(in);
  for (const fs::path& folder : {task.corpus, task.seeds})
    if (!folder.empty())
      for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_regular_file() && !is_partial(entry.path()))
          place(entry.path(), in / entry.path().filename());
  if (fs::is_empty(in))
    write_file(in / "nothing", std::string(1, '\0'));  // AFL++ rejects empty
                                                       // inputs

  std::string target = task.target->name;
  std::string timeout = std::to_string(1000 * task.input_timeout);
  std::vector<std::string> command{"afl-fuzz",
                                   "-i",
                                   in.string(),
                                   "-o",
                                   out.string(),
                                   "-M",
                                   instance,
                                   "-F",
                                   task.corpus.string(),
                                   "-s",
                                   std::to_string(task.seed),
                                   "-G",
                                   std::to_string(task.target->max_len),
                                   "-x",
                                   (task.bin / (target + ".dict")).string(),
                                   "-t",
                                   timeout,
                                   "-m",
                                   "none"};
  command.insert(command.end(), task.engine_options.begin(), task.engine_options.end());
  command.push_back((task.bin / target).string());
  std::vector<std::string> environment = task.environment;
  for (const char* word :
       {"AFL_NO_UI=1", "AFL_SKIP_CPUFREQ=1", "AFL_NO_AFFINITY=1", "AFL_FAST_CAL=1",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1", "AFL_NO_CRASH_README=1", "AFL_SYNC_TIME=1",
        "AFL_DEBUG_CHILD=1"})  // the target's output reaches the log
    environment.push_back(word);
  environment.push_back("AFL_HANG_TMOUT=" + timeout);
  if (!task.stock_mutators && !task.target->reads_text)
    environment.push_back(fmt::format("AFL_CUSTOM_MUTATOR_LIBRARY={}/bin/aflpp/{}.so",
                                      build_folder().string(), target));
  return std::make_unique<Aflpp>(command, environment, task);
}

}  // namespace tool
