// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/fuzzer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tool/support/failure.h"
#include "tool/support/process.h"

namespace tool {
namespace {

constexpr size_t tail_size = 64 << 10;  // bytes

constexpr char known_mark[] = "==iovafuzz== known: ", kept_mark[] = "==iovafuzz== kept: ";
constexpr uintmax_t largest_log = 16 << 20;  // bytes; a process starts a new log if the old one is
                                             // larger

}  // namespace

FuzzerProcess::FuzzerProcess(const std::vector<std::string>& command,
                             const std::vector<std::string>& environment,
                             std::filesystem::path log_file, int at_our_end) {
  Pipe pipe;
  std::error_code none;
  if (std::filesystem::file_size(log_file, none) > largest_log && !none)
    std::filesystem::rename(log_file, log_file.string() + ".old", none);
  log_ = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_ < 0) throw Failure(fmt::format("{}: {}", log_file.string(), strerror(errno)));
  // An interrupt must reach the tool alone, which then ends its fuzzers in order.
  const auto become_fuzzer = [&] {
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(pipe.write_end(), STDOUT_FILENO);
    dup2(pipe.write_end(), STDERR_FILENO);
    for (const std::string& word : environment) putenv(const_cast<char*>(word.c_str()));
    return become(arguments_of(command));
  };
  pid_ = run_child(become_fuzzer, Group::own, at_our_end);
  output_ = pipe.keep_read_end();
  fcntl(output_, F_SETFL, O_NONBLOCK);
}

FuzzerProcess::~FuzzerProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    wait();
  }
  close(output_);
  close(log_);
}

void FuzzerProcess::interrupt() {
  if (pid_ > 0) kill(pid_, SIGINT);
}

double cpu_seconds(const rusage& usage) {
  double sum = 0;
  for (const timeval& time : {usage.ru_utime, usage.ru_stime})
    sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  return sum;
}

void FuzzerProcess::wait() {
  int status = 0;
  rusage usage{};
  while (wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  statistics_.cpu_seconds = cpu_seconds(usage);
  statistics_.peak_megabytes = static_cast<uint64_t>(usage.ru_maxrss) / 1024;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = 0;
}

bool FuzzerProcess::read_output() {
  char bytes[65536];
  while (true) {
    ssize_t n = read(output_, bytes, sizeof bytes);
    if (n < 0) {
      if (errno == EINTR) continue;
      return true;  // no output for now
    }
    if (n == 0) break;
    if (write(log_, bytes, static_cast<size_t>(n)) < 0) {
      // Write errors of the log are ignored; a full disk is noticed when a finding is written.
    }
    tail_.append(bytes, static_cast<size_t>(n));
    if (tail_.size() > 2 * tail_size) tail_.erase(0, tail_.size() - tail_size);
    partial_line_.append(bytes, static_cast<size_t>(n));
    size_t end;
    while ((end = partial_line_.find('\n')) != std::string::npos) {
      std::string line = partial_line_.substr(0, end);
      if (size_t at = line.find(known_mark); at != std::string::npos)
        known_met_.insert(line.substr(at + strlen(known_mark)));
      kept_ |= line.find(kept_mark) != std::string::npos;
      take_line(line);
      partial_line_.erase(0, end + 1);
    }
  }
  wait();
  return false;
}

}  // namespace tool
