// SPDX-License-Identifier: GPL-2.0-only
// One process of a fuzzing engine on one target.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/target.h"
#include "tool/support/build.h"

namespace tool {

struct FuzzerStatistics {
  uint64_t executions = 0, coverage = 0, corpus = 0;
  std::optional<double> stability;  // percent of reproducible coverage, if reported
  double cpu_seconds = 0;           // set at exit
  uint64_t peak_megabytes = 0;      // resident; set at exit
};

// User and system time.
double cpu_seconds(const rusage& usage);

// Precedes the number of executions in the name of a crash file.
inline constexpr char executions_label[] = ",execs:";

// Describes one run of an engine. Its folders must exist.
struct FuzzerTask {
  const fuzz::Target* target;
  std::filesystem::path bin;             // folder of the target's binary
  std::filesystem::path corpus;          // read and extended
  std::filesystem::path seeds;           // read, unless empty
  std::filesystem::path crashes;         // for inputs that crash
  std::filesystem::path scratch;         // exclusive while it runs; findings left there are lost
  std::filesystem::path log;             // appended to
  std::vector<std::string> environment;  // NAME=VALUE, added to the tool's environment
  unsigned seed = 1;
  unsigned input_timeout = 25;  // seconds
  unsigned memory = 2560;       // MB, resident; AFL++ cannot limit it under AddressSanitizer
  std::vector<std::string> engine_options = {};  // in the engine's own syntax; they override other
                                                 // options
  bool stock_mutators = false;
};

class FuzzerProcess {
 public:
  // Starts the process. It receives the signal at_our_end if the tool dies. Throws Failure.
  FuzzerProcess(const std::vector<std::string>& command,
                const std::vector<std::string>& environment, std::filesystem::path log_file,
                int at_our_end = SIGKILL);
  virtual ~FuzzerProcess();
  FuzzerProcess(const FuzzerProcess&) = delete;

  int output() const { return output_; }  // file descriptor to poll
  // Reads the available output. Returns false once the process has closed it; status() is then the
  // exit status (128 + signal if a signal ended it).
  bool read_output();
  // Moves new inputs and crashes into the task's folders. Call it regularly, and once after the
  // end.
  virtual void hand_over() {}
  void interrupt();  // ask the process to end
  int status() const { return status_; }
  const FuzzerStatistics& statistics() const { return statistics_; }
  // Whether it is through the inputs that it starts with, as far as it tells.
  virtual bool has_begun() const { return true; }
  const std::set<std::string>& known_met() const { return known_met_; }
  // Whether it has stored inputs with findings since the last call, and continued.
  bool take_kept() { return std::exchange(kept_, false); }
  // The end of its output.
  const std::string& tail() const { return tail_; }

 protected:
  bool is_running() const { return pid_ > 0; }
  virtual void take_line(const std::string&) {}
  FuzzerStatistics statistics_;

 private:
  void wait();

  pid_t pid_ = 0;
  int output_ = -1, status_ = 0;
  int log_ = -1;
  std::string partial_line_, tail_;
  std::set<std::string> known_met_;
  bool kept_ = false;
};

// A libFuzzer process with the given command line.
class LibFuzzer : public FuzzerProcess {
 public:
  using FuzzerProcess::FuzzerProcess;
  bool has_begun() const override { return has_begun_; }

 private:
  void take_line(const std::string& line) override;
  bool has_begun_ = false;
};

// Throws Failure.
std::unique_ptr<FuzzerProcess> start_libfuzzer(const FuzzerTask& task);
std::unique_ptr<FuzzerProcess> start_aflpp(const FuzzerTask& task);

// Moves inputs and crashes that a killed AFL++ left in its scratch folder into corpus and crashes,
// then removes the scratch folder. Throws Failure.
void recover_aflpp(const std::filesystem::path& scratch, const std::filesystem::path& corpus,
                   const std::filesystem::path& crashes);

}  // namespace tool
