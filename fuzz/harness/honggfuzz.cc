// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/harness/honggfuzz.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/trace.h"

extern "C" __attribute__((weak)) void __sanitizer_set_report_fd(void* file);

namespace fuzz {
namespace {

// The sanitizer log that honggfuzz reads for this process; "" under other engines.
std::string report_file() {
  for (const char* variable : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "MSAN_OPTIONS"}) {
    const char* set = getenv(variable);
    std::string_view options = set ? set : "", option = "log_path=", name = "/HF.sanitizer.log";
    size_t at = options.find(option);
    if (at == options.npos) continue;
    options = options.substr(at + option.size());
    options = options.substr(0, options.find(':'));
    if (options.ends_with(name)) return fmt::format("{}.{}", options, getpid());
  }
  return "";
}

// honggfuzz hashes the last 12 bits of the addresses of 7 frames. An empty line ends the stack.
std::string text_of(const std::string& key) {
  constexpr unsigned frames = 7, bits = 9;
  std::string text = fmt::format("=={}==ERROR: iovafuzz: {}\n", getpid(), key);
  uint64_t hash = engine::hash_of_text(key.c_str());
  for (unsigned i = 0; i < frames; i++)
    text += fmt::format("    #{0} 0x1{1}{2:03x} in {3} (iovafuzz+0x{1}{2:03x})\n", i, i,
                        hash >> (bits * i) & 0xfff, key);
  return text;
}

}  // namespace

void tell(const engine::Report& report) {
  const std::string text = engine::format_at_end(report), path = report_file();
  fmt::print(stderr, "{}", text);
  fflush(stderr);
  if (path.empty()) return;
  // Replaces the file, since a sanitizer may have begun to write it, and redirects later sanitizer
  // output to stderr, so that a report at exit does not replace this one.
  const std::string partial = path + ".partial";
  std::ofstream file(partial);
  file << text_of(report.key) << text;
  file.close();
  if (file) rename(partial.c_str(), path.c_str());
  if (__sanitizer_set_report_fd)
    __sanitizer_set_report_fd(reinterpret_cast<void*>(uintptr_t{STDERR_FILENO}));
}

}  // namespace fuzz
