// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/kernel_build.h"

#include <fmt/core.h>
#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/words.h"
#include "tool/variants/debian_source.h"
#include "tool/variants/kernel_tree.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr char suite_file[] = "drivers/iommu/iovafuzz_kunit_test.c";
constexpr char tree_file[] = "drivers/iommu/iovafuzz_tree.h";
constexpr char asked_file[] = ".iovafuzz-asked", wanted_file[] = ".iovafuzz-wanted";

// In a tree only drivers select IOMMU_IOVA, and User Mode Linux has none of them.
constexpr char kconfig[] = R"(
config IOVAFUZZ_REPLAY
	bool "Calls of the IOVA allocator"
	select IOMMU_IOVA

config IOVAFUZZ_KUNIT_TEST
	bool "KUnit test of the IOVA allocator"
	depends on KUNIT
	select IOMMU_IOVA
)";
constexpr char makefile[] = "\nobj-$(CONFIG_IOVAFUZZ_REPLAY) += iovafuzz_replay.o\n"
                            "obj-$(CONFIG_IOVAFUZZ_KUNIT_TEST) += iovafuzz_kunit_test.o\n";

// Code appended to a source file, since it uses that file's static functions and types.
struct Inside {
  const char *owner, *sign, *line;
};
constexpr Inside queue{"drivers/iommu/dma-iommu.c", "static void queue_iova(",
                       "\n#include \"iovafuzz_queue.c\"\n"};
constexpr Inside depot{"drivers/iommu/iova.c", "struct delayed_work work;",
                       "\n#include \"iovafuzz_depot.c\"\n"};

// Runs a slow command and prints the end of its latest output line every ten seconds. Returns the
// whole output. Throws Failure with the last lines.
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

void append(const fs::path& file, const char* text) {
  std::string content = read_file(file);
  if (content.find(text) == content.npos) write_file(file, content + text);
}

// Keeps the modification time of unchanged files, so that make rebuilds only what changed.
void write_if_new(const fs::path& file, const std::string& content) {
  if (!fs::exists(file) || read_file(file) != content) write_file(file, content);
}

bool is_in(const std::string& source, const Inside& inside) {
  return source.find(inside.sign) != source.npos;
}
std::string with_lines_behind(const std::string& path, std::string source) {
  for (const Inside* inside : {&queue, &depot})
    if (path == inside->owner && is_in(source, *inside) && !source.ends_with(inside->line))
      source += inside->line;
  return source;
}

std::string assigned(const std::string& symbol) {
  return fmt::format("CONFIG_{}\n", symbol.find('=') == symbol.npos ? symbol + "=y" : symbol);
}

}  // namespace

// Ignores the build options in the tree's spec: this kernel has its own configuration.
KernelBuild::KernelBuild(const std::string& typed, const KernelKind& kind) : kind_(kind) {
  const std::string spec = parse_tree_spec(typed).where;
  const KernelTree tree = find_kernel_tree(spec);
  const bool is_debian = !debian_version(spec).empty();
  title_ = is_debian ? tree.title : tree.folder.string();
  if (!is_debian)
    for (const char* file : {"Kbuild", "arch/um/Kconfig", "mm/slub.c"})
      if (!fs::exists(tree.folder / file))
        throw Failure(
            fmt::format("{}: has no {}: booting needs a full Linux source tree", spec, file));
  std::vector<const char*> tools{"make", "flex", "bison", "bc", "gcc"};
  tools.insert(tools.end(), kind_.tools.begin(), kind_.tools.end());
  for (const char* tool : tools)
    if (run_command({"which", tool}, false).status)
      throw Failure(fmt::format("{} is not installed: {} needs it", tool, kind_.in_words));
  // The title contains the package version, so a new package gets a new folder.
  const std::string name = "linux-" + content_hash(title_) + kind_.name;
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
  // Copies files that the user has changed since.
  if (!is_debian)
    for (const KernelFile& file : kernel_files())
      if (const fs::path from = fs::path(title_) / file.path; fs::exists(from))
        write_if_new(folder_ / file.path, with_lines_behind(file.path, read_file(from)));
  lay_down_replay();
}

std::string KernelBuild::make() const {
  return fmt::format("make -C {} ARCH={} -j{}", quoted(folder_.string()), kind_.arch,
                     std::max(1u, std::thread::hardware_concurrency()));
}

std::string KernelBuild::wanted_symbols() const {
  std::string wanted;
  for (const std::string& symbol : kind_.symbols) wanted += assigned(symbol);
  return wanted;
}

FileLock KernelBuild::lock() const {
  return FileLock(folder_.string() + ".lock", "another iovafuzz is building this kernel: waiting");
}

void KernelBuild::lay_down(const std::string& spec) const {
  if (std::string version = debian_version(spec); !version.empty()) {
    unpack_debian_source(version, folder_);
  } else {
    // Copies the tree, since a build writes into it.
    std::string to = quoted(folder_.string());
    run_long("copying Linux", fmt::format("mkdir -p {1} && tar -C {0} --exclude=./.git -cf - . | "
                                          "tar -C {1} -xf - && {2} mrproper",
                                          quoted(title_), to, make()));
  }
  append(folder_ / "drivers/iommu/Kconfig", kconfig);
  append(folder_ / "drivers/iommu/Makefile", makefile);
}

void KernelBuild::lay_down_replay() const {
  const fs::path from = source_folder() / "src/tool/machine/in_linux";
  for (const char* file :
       {"replay.c", "allocations.h", "host.h", "queue.h", "queue.c", "depot.h", "depot.c"})
    write_if_new(folder_ / fmt::format("drivers/iommu/iovafuzz_{}", file), read_file(from / file));
  const std::string header = read_file(folder_ / "include/linux/iova.h");
  const auto source_of = [&](const Inside& inside) {
    const fs::path owner = folder_ / inside.owner;
    return fs::exists(owner) ? read_file(owner) : "";
  };
  const std::string queue_source = source_of(queue);
  std::string tree;
  auto feature = [&](const char* name, const std::string& source, const char* sign) {
    tree += fmt::format("#define TREE_{} {}\n", name, source.find(sign) != source.npos ? 1 : 0);
  };
  feature("HAS_NODES", header, "rbroot;");
  feature("HAS_CACHED_NODES", header, "cached32_node;");
  feature("HAS_HINT", header, "max32_alloc_size;");
  feature("HAS_TIMER_DELETE", read_file(folder_ / "include/linux/timer.h"), "timer_delete(");
  feature("HAS_DEPOT_WORK", source_of(depot), depot.sign);
  feature("HAS_QUEUE", queue_source, queue.sign);
  feature("HOLDS_CACHE", queue_source, "iova_cache_get()");
  feature("HAS_SINGLE_QUEUE", queue_source, "IOMMU_DMA_OPTS_SINGLE_QUEUE");
  feature("HAS_IOMMU_PAGES", queue_source, "\"iommu-pages.h\"");
  feature("TYPES_PAGE_LISTS", queue_source, "struct iommu_pages_list freelist;");
  write_if_new(folder_ / tree_file, tree);
  for (const Inside* inside : {&queue, &depot})
    if (const std::string source = source_of(*inside); !source.empty())
      write_if_new(folder_ / inside->owner, with_lines_behind(inside->owner, source));
}

void KernelBuild::configure() const {
  write_file(folder_ / suite_file, "");
  for (const char* file : {".config", asked_file}) write_file(folder_ / file, wanted_symbols());
  run_long("configuring Linux",
           fmt::format("KCONFIG_ALLCONFIG={} {} {}", quoted((folder_ / asked_file).string()),
                       make(), kind_.config));
  const std::string config = read_file(folder_ / ".config");
  for (const std::string& symbol : kind_.symbols)
    if (!symbol.ends_with("=n") && config.find(assigned(symbol)) == config.npos)
      throw Failure(fmt::format("{}: cannot be configured as {} with CONFIG_{}", title_,
                                kind_.in_words, symbol));
  write_file(folder_ / wanted_file, wanted_symbols());
}

fs::path KernelBuild::build() const {
  run_long("building Linux", fmt::format("{} {}", make(), kind_.target));
  return folder_ / kind_.program;
}

fs::path KernelBuild::build(const std::string& suite) const {
  write_file(folder_ / suite_file, suite);
  return build();
}

}  // namespace tool
