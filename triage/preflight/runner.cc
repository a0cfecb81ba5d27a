// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/runner.h"

#include <fmt/core.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// Options that OSS-Fuzz's runner sets.
constexpr const char asan_options[] =
    "ASAN_OPTIONS=alloc_dealloc_mismatch=0:allocator_may_return_null=1:"
    "allocator_release_to_os_interval_ms=500:check_malloc_usable_size=0:"
    "detect_container_overflow=1:detect_leaks=1:detect_odr_violation=0:"
    "detect_stack_use_after_return=1:fast_unwind_on_fatal=0:handle_abort=1:handle_segv=1:"
    "handle_sigill=1:max_uar_stack_size_log=16:print_scariness=1:quarantine_size_mb=10:"
    "strict_memcmp=1:use_sigaltstack=1:dedup_token_length=3";
constexpr const char msan_options[] =
    "MSAN_OPTIONS=print_stats=1:handle_abort=1:handle_segv=1:handle_sigill=1:dedup_token_length=3";
constexpr const char ubsan_options[] =
    "UBSAN_OPTIONS=print_stacktrace=1:print_summary=1:silence_unsigned_overflow=1:"
    "dedup_token_length=3";

}  // namespace

CommandResult run_target(const fs::path& binary, const std::vector<std::string>& arguments,
                         const RunOptions& options) {
  TemporaryFolder cwd;
  std::string symbolize = fmt::format(":symbolize={}", options.symbolizes ? 1 : 0);
  std::vector<std::string> words{"env",
                                 "-C",
                                 cwd.path().string(),
                                 "LLVM_PROFILE_FILE=/dev/null",
                                 asan_options + symbolize,
                                 msan_options + symbolize,
                                 ubsan_options + symbolize,
                                 "timeout",
                                 "-k",
                                 "5",
                                 std::to_string(options.seconds),
                                 fs::absolute(binary).string(),
                                 "-rss_limit_mb=2560",
                                 "-timeout=25"};
  if (!options.goes_past) words.insert(words.begin() + 3, "IOVAFUZZ_KNOWN=/dev/null");
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_command(words, false);
}

void in_parallel(size_t jobs, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::string failure;
  auto take = [&] {
    try {
      for (size_t job; (job = next++) < jobs;) work(job);
    } catch (const std::exception& error) {
      std::lock_guard lock(mutex);
      failure = error.what();
      next = jobs;
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); i++)
    workers.emplace_back(take);
  for (std::thread& worker : workers) worker.join();
  if (!failure.empty()) throw Failure(failure);
}

}  // namespace tool
