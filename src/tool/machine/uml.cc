// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/uml.h"

#include <fmt/core.h>
#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/debian_source.h"
#include "tool/variants/kernel_tree.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr char suite_file[] = "drivers/iommu/iovafuzz_kunit_test.c";
constexpr char replayer_file[] = "drivers/iommu/iovafuzz_replay.c";
constexpr char tree_file[] = "drivers/iommu/iovafuzz_tree.h";
constexpr char wanted_file[] = ".iovafuzz-wanted";

// Nothing in a tree selects the allocator but drivers that User Mode Linux has not.
constexpr char kconfig[] = R"(
config IOVAFUZZ_KUNIT_TEST
	bool "KUnit test of the IOVA allocator"
	depends on KUNIT
	select IOMMU_IOVA
)";
constexpr char makefile[] =
    "\nobj-$(CONFIG_IOVAFUZZ_KUNIT_TEST) += iovafuzz_kunit_test.o iovafuzz_replay.o\n";
// Tracing for its tracepoints, which count objects.
constexpr const char* symbols[] = {"KUNIT",
                                   "DEBUG_KERNEL",
                                   "DEBUG_FS",
                                   "FAULT_INJECTION",
                                   "FAILSLAB",
                                   "FAULT_INJECTION_DEBUG_FS",
                                   "IOMMU_SUPPORT",
                                   "IOMMU_IOVA",
                                   "IOVAFUZZ_KUNIT_TEST",
                                   "PANIC_ON_OOPS",
                                   "KALLSYMS",
                                   "FTRACE",
                                   "ENABLE_DEFAULT_TRACERS",
                                   "UML_TIME_TRAVEL_SUPPORT"};

std::string wanted_symbols() {
  std::string wanted;
  for (const char* symbol : symbols) wanted += fmt::format("CONFIG_{}=y\n", symbol);
  return wanted;
}

// A command that takes long, with a line every ten seconds that has the end of its latest one.
// Returns all it wrote. Throws Failure with its last lines.
std::string run_long(const std::string& what, const std::string& command) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point began = Clock::now();
  Clock::time_point told = began;
  fflush(stdout);
  FILE* output = popen((command + " 2>&1").c_str(), "r");
  if (!output) throw Failure(fmt::format("cannot start {}", command));
  std::string all;
  char line[4096];
  while (fgets(line, sizeof line, output)) {
    all += line;
    if (Clock::now() - told < std::chrono::seconds(10)) continue;
    told = Clock::now();
    std::string latest = line;
    latest = latest.substr(latest.find_last_of(' ') + 1);
    fmt::print(stderr, "iovafuzz: {}, {} s: {}", what,
               std::chrono::duration_cast<std::chrono::seconds>(told - began).count(), latest);
  }
  if (pclose(output) == 0) return all;
  std::vector<std::string> lines = lines_of(all);
  std::string last;
  for (size_t i = lines.size() > 12 ? lines.size() - 12 : 0; i < lines.size(); i++)
    last += "\n" + lines[i];
  throw Failure(fmt::format("{} failed:{}", what, last));
}

std::string make(const fs::path& folder) {
  return fmt::format("make -C {} ARCH=um -j{}", quoted(folder.string()),
                     std::max(1u, std::thread::hardware_concurrency()));
}

void append(const fs::path& file, const char* text) {
  std::string content = read_file(file);
  if (content.find(text) == content.npos) write_file(file, content + text);
}

// So that only what is new is built.
void write_if_new(const fs::path& file, const std::string& content) {
  if (!fs::exists(file) || read_file(file) != content) write_file(file, content);
}

}  // namespace

// Its configuration is its own, however the tree is built for the shim.
UmlKernel::UmlKernel(const std::string& typed) {
  const std::string spec = parse_tree_spec(typed).where;
  const KernelTree tree = find_kernel_tree(spec);
  const bool is_debian = !debian_version(spec).empty();
  title_ = is_debian ? tree.title : tree.folder.string();
  if (!is_debian)
    for (const char* file : {"Kbuild", "arch/um/Kconfig", "mm/slub.c"})
      if (!fs::exists(tree.folder / file))
        throw Failure(fmt::format("{}: has no {}: to boot it takes all of Linux", spec, file));
  // A package's title has its version, since packages move on.
  const std::string name = "linux-" + content_hash(title_);
  for (const char* tool : {"make", "flex", "bison", "bc", "gcc"})
    if (run_command({"which", tool}, false).status)
      throw Failure(fmt::format("there is no {}, which a kernel is built with: install it", tool));
  const fs::path machines = builds_folder() / "machines";
  make_folder(machines);
  folder_ = machines / name;
  const FileLock lock = this->lock();
  if (!fs::exists(folder_ / wanted_file) || read_file(folder_ / wanted_file) != wanted_symbols()) {
    fs::path fresh = machines / (name + ".new");
    fs::remove_all(fresh);
    fs::remove_all(folder_);
    std::swap(folder_, fresh);
    lay_down(spec);
    configure();
    fs::rename(folder_, fresh);
    folder_ = fresh;
  }
  // What the user changed since.
  if (!is_debian)
    for (const KernelFile& file : kernel_files())
      if (const fs::path from = fs::path(title_) / file.path; fs::exists(from))
        write_if_new(folder_ / file.path, read_file(from));
  lay_down_replayer();
}

FileLock UmlKernel::lock() const {
  return FileLock(folder_.string() + ".lock", "waiting for another process that builds it ...");
}

void UmlKernel::lay_down(const std::string& spec) const {
  if (std::string version = debian_version(spec); !version.empty()) {
    unpack_debian_source(version, folder_);
  } else {
    // A copy, since a build writes into files that are there.
    std::string to = quoted(folder_.string());
    run_long("copying Linux", fmt::format("mkdir -p {1} && tar -C {0} --exclude=./.git -cf - . | "
                                          "tar -C {1} -xf - && {2} mrproper",
                                          quoted(title_), to, make(folder_)));
  }
  for (const char* file : {"drivers/iommu/Kconfig", "drivers/iommu/Makefile"})
    append(folder_ / file, std::string_view(file).ends_with("Kconfig") ? kconfig : makefile);
}

void UmlKernel::lay_down_replayer() const {
  write_if_new(folder_ / replayer_file, read_file(source_folder() / "src/tool/machine/in_linux.c"));
  const std::string header = read_file(folder_ / "include/linux/iova.h");
  std::string tree;
  for (auto [name, sign] :
       {std::pair{"NODES", "rbroot;"}, std::pair{"CACHED_NODES", "cached32_node;"},
        std::pair{"HINT", "max32_alloc_size;"}})
    tree += fmt::format("#define TREE_HAS_{} {}\n", name, header.find(sign) != header.npos ? 1 : 0);
  write_if_new(folder_ / tree_file, tree);
}

void UmlKernel::configure() const {
  write_file(folder_ / suite_file, "");
  write_file(folder_ / ".config", wanted_symbols());
  run_long("configuring Linux", make(folder_) + " olddefconfig");
  const std::string config = read_file(folder_ / ".config");
  for (const char* symbol : symbols)
    if (config.find(fmt::format("CONFIG_{}=y\n", symbol)) == config.npos)
      throw Failure(fmt::format("{}: cannot be configured as User Mode Linux with CONFIG_{}",
                                title_, symbol));
  write_file(folder_ / wanted_file, wanted_symbols());
}

std::string UmlKernel::run(const KunitSuite& suite) const {
  const FileLock lock = this->lock();
  write_file(folder_ / suite_file, suite.source);
  run_long("building Linux", make(folder_) + " linux");
  // Its console is what it prints; it halts after its tests, or when it panics.
  return run_command({"timeout", "60", (folder_ / "linux").string(), "mem=256M", "console=tty",
                      "kunit_shutdown=halt", "kunit.enable=1"},
                     false)
      .output;
}

void UmlKernel::build_replayer(const fs::path& program) const {
  const FileLock lock = this->lock();
  run_long("building Linux", make(folder_) + " linux");
  fs::copy_file(folder_ / "linux", program);
}

Boot::Boot(const fs::path& replayer, const fs::path& calls, const fs::path& answers)
    : console_(
          popen(fmt::format("timeout 600 {} mem=512M console=tty kunit.enable=0 panic_on_warn=1 "
                            "time-travel=inf-cpu iovafuzz_replay.calls={} "
                            "iovafuzz_replay.answers={} 2>&1 </dev/null",
                            quoted(replayer.string()), quoted(calls.string()),
                            quoted(answers.string()))
                    .c_str(),
                "r"),
          pclose) {
  if (!console_) throw Failure(fmt::format("cannot start {}", replayer.string()));
}

std::string Boot::end() {
  std::string all;
  char bytes[4096];
  while (size_t n = fread(bytes, 1, sizeof bytes, console_.get())) all.append(bytes, n);
  console_.reset();
  return all;
}

namespace {

constexpr ptrdiff_t most_words = 24;  // lines

std::vector<std::string>::const_iterator first_failure(const std::vector<std::string>& lines) {
  return std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    for (const char* sign : {"EXPECTATION FAILED", "ASSERTION FAILED", "BUG:", "Kernel panic",
                             "WARNING:", "kernel BUG at", "Segfault"})
      if (line.find(sign) != line.npos) return true;
    return false;
  });
}

std::string words_from(const std::vector<std::string>& lines,
                       std::vector<std::string>::const_iterator first) {
  std::string words;
  for (auto line = first; line != lines.end() && line - first < most_words; ++line)
    words += *line + "\n";
  return words;
}

}  // namespace

std::string complaint(const std::string& console) {
  const std::vector<std::string> lines = lines_of(console);
  return words_from(lines, first_failure(lines));
}

Confirmation confirmation(const KunitSuite& suite, const std::string& console) {
  const std::vector<std::string> lines = lines_of(console);
  const auto first = first_failure(lines);
  const std::string words = words_from(lines, first);
  if (first == lines.end()) {
    bool passed = console.find("ok 1 " + suite.name) != console.npos &&
                  console.find("not ok") == console.npos;
    return {passed ? Confirmation::nothing : Confirmation::no_answer, passed ? "" : console};
  }
  // What is right, the test expects. Else the kernel died or complained: in the program's call?
  bool is_of_test = first->find("EXPECTATION") != first->npos;
  auto is_on_stack = [&](const std::string& function) {
    return console.find(" " + function + "+0x") != console.npos;
  };
  bool is_same = is_of_test || is_on_stack(suite.report.call) || is_on_stack(suite.report.function);
  return {is_same ? Confirmation::same : Confirmation::other, words};
}

}  // namespace tool
