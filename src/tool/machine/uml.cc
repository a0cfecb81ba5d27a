// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/uml.h"

#include <fmt/core.h>

#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

KernelKind uml_kind() {
  return {.name = "",
          .in_words = "User Mode Linux",
          .arch = "um",
          .config = "olddefconfig",
          .target = "linux",
          .program = "linux",
          // Tracing provides the tracepoints that count objects.
          .symbols = {"KUNIT", "DEBUG_KERNEL", "DEBUG_FS", "FAULT_INJECTION", "FAILSLAB",
                      "FAULT_INJECTION_DEBUG_FS", "IOMMU_SUPPORT", "IOMMU_IOVA", "IOVAFUZZ_REPLAY",
                      "IOVAFUZZ_KUNIT_TEST", "PANIC_ON_OOPS", "KALLSYMS", "FTRACE",
                      "ENABLE_DEFAULT_TRACERS", "UML_TIME_TRAVEL_SUPPORT"},
          .tools = {}};
}

}  // namespace

UmlKernel::UmlKernel(const std::string& spec) : build_(spec, uml_kind()) {}

std::string UmlKernel::run(const KunitSuite& suite) const {
  const FileLock lock = build_.lock();
  const fs::path program = build_.build(suite.source);
  // The console is stdout. The kernel halts after its tests or when it panics.
  return Boot(fmt::format("exec timeout -k 5 60 {} mem=256M console=tty kunit_shutdown=halt "
                          "kunit.enable=1",
                          quoted(program.string())))
      .end();
}

void UmlKernel::build_replayer(const fs::path& folder) const {
  const FileLock lock = build_.lock();
  fs::copy_file(build_.build(), folder / "linux");
}

std::string UmlKernel::boot_command(const fs::path& folder, unsigned, const fs::path& calls,
                                    const fs::path& answers) const {
  return fmt::format("exec timeout -k 5 600 {} mem=512M console=tty kunit.enable=0 panic_on_warn=1 "
                     "time-travel=inf-cpu iovafuzz_replay.calls={} iovafuzz_replay.answers={}",
                     quoted((folder / "linux").string()), quoted(calls.string()),
                     quoted(answers.string()));
}

Confirmation confirmation(const KunitSuite& suite, const std::string& console) {
  const std::string words = complaint(console);
  if (words.empty()) {
    bool passed = console.find("ok 1 " + suite.name) != console.npos &&
                  console.find("not ok") == console.npos;
    return {passed ? Confirmation::nothing : Confirmation::no_answer, passed ? "" : console};
  }
  // The suite expects correct behaviour, so a failed expectation is the finding. Otherwise the
  // kernel died or complained, and the stack must contain the program's call.
  bool is_of_test = words.substr(0, words.find('\n')).find("EXPECTATION") != words.npos;
  bool is_same = is_of_test || is_on_stack(console, suite.report);
  return {is_same ? Confirmation::same : Confirmation::other, words};
}

}  // namespace tool
