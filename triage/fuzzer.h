// SPDX-License-Identifier: GPL-2.0-only
// One process of a fuzzing engine, libFuzzer, on one target.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace triage {

struct FuzzerStatistics {
  uint64_t executions = 0, coverage = 0, corpus = 0;
  double cpu_seconds = 0;       // once it has ended
  uint64_t peak_megabytes = 0;  // resident; once it has ended
};

// User and system time.
double cpu_seconds(const rusage& usage);

class FuzzerProcess {
 public:
  // Starts it. environment holds NAME=VALUE words added to the tool's own. Throws Failure.
  FuzzerProcess(const std::vector<std::string>& command,
                const std::vector<std::string>& environment, std::filesystem::path log_file);
  ~FuzzerProcess();
  FuzzerProcess(const FuzzerProcess&) = delete;

  int output() const { return output_; }  // file descriptor to poll
  // Reads what there is. Returns false once the process has closed its output; then status() is
  // its exit status (128 + signal if one ended it).
  bool read_output();
  void interrupt();  // ask it to end
  int status() const { return status_; }
  const FuzzerStatistics& statistics() const { return statistics_; }
  const std::set<std::string>& known_met() const { return known_met_; }
  // The last of what it wrote.
  const std::string& tail() const { return tail_; }

 private:
  void take_line(const std::string& line);
  void wait();

  pid_t pid_ = 0;
  int output_ = -1, status_ = 0;
  int log_ = -1;
  std::string partial_line_, tail_;
  FuzzerStatistics statistics_;
  std::set<std::string> known_met_;
};

}  // namespace triage
