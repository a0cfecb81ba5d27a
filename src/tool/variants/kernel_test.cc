// SPDX-License-Identifier: GPL-2.0-only
// Kernel trees, tested through whole commands. Debian's 6.1 and 6.12 must be available.
// Expectations are derived from the trees' source, since packages change.
#include "tool/variants/kernel.h"
#include "tool/variants/patched_test.h"

#include <array>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "iova/revision.h"
#include "tool/support/command_test.h"
#include "tool/support/failure.h"

namespace fs = std::filesystem;

namespace port {
void PrintTo(const NamedRevision& revision, std::ostream* out) { *out << revision.name; }
}  // namespace port

namespace tool {
namespace {

constexpr const char life[] = "corpus/iova_domain/plain_life_of_one_domain.iova";

std::string source_of(const std::string& spec) {
  return read_file(find_kernel_tree(spec).folder / "drivers/iommu/iova.c");
}

// The text of a function, from its name at its definition to the end of its body.
std::string function_of(const std::string& source, const std::string& name) {
  static const std::string end = "\n}\n";
  std::smatch match;
  std::regex_search(source, match, std::regex("\n[^\n;]*\\b" + name + "\\([^;{]*\\{"));
  size_t at = static_cast<size_t>(match.position());
  return source.substr(at, source.find(end, at) - at);
}

bool magazine_free_checks_null(const std::string& source) {
  return function_of(source, "iova_magazine_free").find("if (") != std::string::npos;
}

// The sweep of rcache init in the seed plain_life_of_one_domain, on two CPUs.
struct Swept {
  size_t points, clean;
  json keys;
};

Swept sweep_rcache_init(const std::string& kernel) {
  auto rows = tool_json({"sweep", (source_folder() / life).string(), "--kernel", kernel});
  for (const auto& row : rows[0]["operations"])
    if (row["text"] == "init_rcaches") return {row["points"], row["clean"], row["keys"]};
  ADD_FAILURE() << to_text(rows);
  return {};
}

void expect_refused(const std::string& kernel, const std::string& sentence) {
  CommandResult result = tool({"show", (source_folder() / life).string(), "--kernel", kernel});
  EXPECT_EQ(result.status, 2);
  // Lines about the build's progress may come before.
  EXPECT_TRUE(("\n" + result.output).ends_with("\niovafuzz: " + sentence + "\n")) << result.output;
}

// "" if the tree can be had.
std::string why_not_tested(const std::string& spec) {
  try {
    find_kernel_tree(spec);
    return "";
  } catch (const Failure& failure) {
    return fmt::format("NOT TESTED: {}: {}", spec, failure.what());
  }
}

// Debian's trees, each named by the port's revision of the same version.
class KernelOfDebian : public testing::TestWithParam<port::NamedRevision> {
 protected:
  // Only versions in the system's own suites must be available.
  void SetUp() override {
    const std::string version = GetParam().name, why = why_not_tested(spec());
    if (why.empty()) return;
    if (version == "6.1" || version == "6.12") FAIL() << why;
    GTEST_SKIP() << why;
  }
  std::string spec() const { return std::string("debian:") + GetParam().name; }
};

std::vector<port::NamedRevision> of_upstream() {
  std::vector<port::NamedRevision> all;
  for (const port::NamedRevision& revision : port::named_revisions)
    if (revision.version < port::not_upstream) all.push_back(revision);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Versions, KernelOfDebian, testing::ValuesIn(of_upstream()),
                         [](const auto& info) { return std::string(info.param.identifier); });

TEST_P(KernelOfDebian, RcacheInitFailsWhereItsSourceSaysSo) {
  std::string source = source_of(spec());
  bool lazy = source.find("loaded && !iova_magazine_full(") != std::string::npos;
  bool frees_null =
      function_of(source, "iova_magazine_free").find("kmem_cache_free") != std::string::npos &&
      !magazine_free_checks_null(source);
  Swept swept = sweep_rcache_init(spec());
  EXPECT_EQ(swept.points, lazy ? 8u : 32u);
  EXPECT_EQ(swept.clean, frees_null && !lazy ? 8u : swept.points);
  EXPECT_EQ(swept.keys, frees_null && !lazy ? json({{bug_key, 24}}) : json::object());
}

TEST_P(KernelOfDebian, ShowsAllThatTheModelsTake) {
  const iova_variant& variant = load_kernel(find_kernel_tree(spec()));
  EXPECT_EQ(variant.views & IOVA_VIEWS_OF_MODELS, unsigned{IOVA_VIEWS_OF_MODELS});
  EXPECT_STREQ(variant.like, GetParam().identifier);
}

TEST_P(KernelOfDebian, DoesTheSameAsThePort) {
  std::string port = GetParam().name, kernel = spec();
  PatchedTree tree(kernel);
  // If Debian has backported the NULL check, it is removed for the comparison with the port.
  const port::Revision behaviour = port::revision_of(GetParam().version);
  if (behaviour.named_magazine_cache && !behaviour.magazine_free_checks_null &&
      magazine_free_checks_null(source_of(kernel))) {
    tree.replace("if (mag)", "");
    kernel = tree.path();
  }
  const int programs = getenv("IOVAFUZZ_LONG") ? 200'000 : 5000;
  auto result = tool_json({"diff", port, kernel, (source_folder() / "corpus").string(),
                           "--programs", std::to_string(programs)});
  EXPECT_EQ(result["result"], "same") << to_text(result);
  EXPECT_GT(result["programs"], programs);
}

TEST_P(KernelOfDebian, StartsEveryRunAsAfterBoot) {
  // The cache pointers that the first program leaves behind must be gone in the second.
  TemporaryFolder folder;
  folder.write("1.iova", "cache_get\ninit\ninit_rcaches\ncache_put\nput\ncache_put\n");
  folder.write("2.iova", "fail 1\ncache_get\ncache_get\n");
  std::string file = (folder.path() / "2.iova").string();
  auto alone = tool_json({"replay", "--kernel", spec(), file});
  auto after = tool_json({"replay", "--kernel", spec(), "--times", "3", folder.path().string()});
  EXPECT_EQ(after[1]["trace"], alone[0]["trace"]);
}

TEST(KernelTree, MissingNullCheckIsFoundAndItsFixNoticed) {
  PatchedTree tree("debian:6.12");
  std::string free = "kmem_cache_free(iova_magazine_cache, mag);";
  if (!magazine_free_checks_null(source_of("debian:6.12"))) {
    EXPECT_EQ(sweep_rcache_init(tree.path()).clean, 8u);
    tree.replace(free, "if (mag) " + free);
    EXPECT_EQ(sweep_rcache_init(tree.path()).clean, 32u);
  } else {
    EXPECT_EQ(sweep_rcache_init(tree.path()).clean, 32u);
    tree.replace("if (mag)", "");
    EXPECT_EQ(sweep_rcache_init(tree.path()).clean, 8u);
  }
}

// The keys that the seeds for races show on a tree.
std::set<std::string> races_in(const std::string& kernel) {
  std::set<std::string> keys;
  std::vector<std::string> words{"replay", "--kernel", kernel, "--past", "ledger"};
  words.push_back((source_folder() / "corpus/iova_races").string());
  json results = tool_json(words);
  for (const auto& result : results)
    for (const auto& [key, runs] : result["keys"].items()) keys.insert(key);
  return keys;
}

// For each place in a source file that takes a spinlock: a copy of the file without that lock.
struct Unlocked {
  std::string function, text;
};
std::vector<Unlocked> unlocked_in(const std::string& source) {
  static const std::regex definition("^[a-z].*\\b(\\w+)\\([^;]*$");
  static const std::regex taking("spin_lock(_irqsave)?\\(&([\\w>.-]+)[^;]*;");
  std::vector<std::string> lines;
  std::istringstream text(source);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  std::vector<Unlocked> all;
  std::string function;
  for (size_t i = 0; i < lines.size(); i++) {
    std::smatch match;
    if (std::regex_search(lines[i], match, definition)) function = match[1];
    if (!std::regex_search(lines[i], match, taking)) continue;
    const std::regex release("spin_unlock(_irqrestore)?\\(&" + match[2].str() + "\\b[^;]*;");
    std::vector<std::string> without = lines;
    without[i] = match[1].matched ? "flags = 0;" : ";";
    for (size_t j = i + 1; j < lines.size() && lines[j] != "}"; j++)
      without[j] = std::regex_replace(lines[j], release, ";");
    all.push_back({function, ""});
    for (const std::string& line : without) all.back().text += line + "\n";
  }
  return all;
}

TEST(KernelTreeLong, EveryLockThatIsMissingIsFound) {
  EXPECT_EQ(races_in("debian:6.12"), std::set<std::string>{"clean"});
  for (const char* name : {"drivers/iommu/iova.c", "drivers/iommu/dma-iommu.c"}) {
    PatchedTree tree("debian:6.12");
    std::vector<Unlocked> all = unlocked_in(read_file(tree.file(name)));
    EXPECT_FALSE(all.empty());
    for (const Unlocked& unlocked : all) {
      write_file(tree.file(name), unlocked.text);
      bool found = false;
      for (const std::string& key : races_in(tree.path()))
        found |= key.starts_with("data-race:") || key.starts_with("lock-not-held:");
      EXPECT_TRUE(found) << unlocked.function;
    }
  }
}

TEST(KernelTree, DepotOutsideItsLockIsARace) {
  PatchedTree tree("debian:6.12");
  tree.replace("\t\t\tspin_lock(&rcache->lock);\n", "\t\t\t\n");
  tree.replace("\t\t\tspin_unlock(&rcache->lock);\n", "\t\t\t\n");
  CommandResult shown =
      tool({"replay", "--kernel", tree.path(),
            (source_folder() / "corpus/iova_races/cpus_share_a_depot.iova").string()});
  EXPECT_EQ(shown.status, 1);
  for (const char* told :
       {"data-race:iova_depot_push:free_fast:none", "\n->    8  free_fast x400",
        "(), &rcache->lock of iova_domain_init_rcaches()", "nothing orders them"})
    EXPECT_NE(shown.output.find(told), std::string::npos) << told << "\n" << shown.output;
}

TEST(KernelTree, ChangedBehaviourIsShownByAProgram) {
  PatchedTree tree("debian:6.12");
  tree.replace("if (free->pfn_lo < iovad->dma_32bit_pfn)", "if (free->pfn_lo <= iovad->start_pfn)");
  auto result = tool_json({"diff", "debian:6.12", tree.path(), "--programs", "20000",
                           (source_folder() / "corpus").string()});
  EXPECT_EQ(result["key"].get<std::string>().rfind("variants-differ:", 0), 0u) << to_text(result);
  EXPECT_NE(result["values"].get<std::string>().find("max32_alloc_size"), std::string::npos);
}

TEST(KernelTree, CrashIsToldFromADifference) {
  PatchedTree tree("debian:6.12");
  tree.replace("mutex_lock(&iova_cache_mutex);", "__builtin_trap();");
  TemporaryFolder folder;
  std::string first = folder.write("1.iova", "init\n");
  std::string second = folder.write("2.iova", "cache_get\n");
  std::vector<std::string> arguments{"diff",        "--programs", "0",   "--jobs", "1",
                                     "debian:6.12", tree.path(),  first, second};
  auto result = tool_json(arguments);
  EXPECT_EQ(result["result"], "crash") << to_text(result);
  EXPECT_EQ(result["program"], "cache_get\n");
  CommandResult told = tool(arguments);
  EXPECT_EQ(told.status, 1);
  EXPECT_NE(told.output.find("are not compared: a program crashes one of them, after 0 programs"),
            std::string::npos)
      << told.output;
}

TEST(KernelTree, FiveTenWithItsOwnWaysIsServed) {
  if (const std::string why = why_not_tested("debian:5.10"); !why.empty()) GTEST_SKIP() << why;
  // In 5.10, init_iova_domain() also makes the rcaches and ignores a magazine that cannot be
  // allocated.
  auto rows = tool_json({"sweep", (source_folder() / life).string(), "--kernel", "debian:5.10"});
  auto init = rows[0]["operations"][1];
  EXPECT_EQ(init["text"], "init");
  EXPECT_EQ(init["points"], 30);
  // Six fail alone; in the other 20 runs, that attempt and all later ones fail.
  EXPECT_EQ(init["keys"]["kernel-warn:init_iova_rcaches:init:init_iova_rcaches"], 6 + 20);
  EXPECT_EQ(init["keys"]["fault-not-reported:init_iova_domain:init:iova_magazine_alloc"], 24);
  CommandResult result =
      tool({"run", "iova_port_vs_kernel", "--kernel", "debian:5.10", "--time", "1s"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("compares a kernel tree with the matching revision"),
            std::string::npos);
}

TEST(KernelTree, FlushQueueIsCutOutOfItsFileAndItsLinesAreNamed) {
  PatchedTree tree("debian:6.12");
  tree.replace("assert_spin_locked(&fq->lock);\n\n\tfq_ring_for_each",
               "spin_unlock(&fq->lock); assert_spin_locked(&fq->lock);\n\n\tfq_ring_for_each",
               "drivers/iommu/dma-iommu.c");
  CommandResult result = tool(
      {"show",
       (source_folder() / "corpus/iova_flush_queue/queued_range_waits_for_the_timer.iova").string(),
       "--kernel", tree.path()});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.output.find("in: fq_ring_free_locked (drivers/iommu/dma-iommu.c:"),
            std::string::npos)
      << result.output;
}

TEST(KernelTree, WithoutTheFileOfTheFlushQueueTheRestIsServed) {
  PatchedTree tree("debian:6.12");
  fs::remove(tree.file("drivers/iommu/dma-iommu.c"));
  std::string seed =
      (source_folder() / "corpus/iova_flush_queue/queued_range_waits_for_the_timer.iova").string();
  CommandResult result = tool({"show", seed, "--kernel", tree.path()});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.output.find("skipped: this allocator has no usable flush queue: its drivers/"),
            std::string::npos)
      << result.output;
  result = tool({"run", "iova_flush_queue", "--kernel", tree.path()});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("has no flush queue: its drivers/iommu/dma-iommu.c is missing"),
            std::string::npos);
}

TEST(KernelTree, KeysNameTheKernelsFunctionAndReportsItsLine) {
  PatchedTree tree("debian:6.12");
  std::string free = "kmem_cache_free(iova_magazine_cache, mag);";
  tree.replace(free, "{ " + free + " " + free + " }");
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", "cache_get\ninit\ninit_rcaches\nput\n");
  CommandResult result = tool({"show", file, "--kernel", tree.path()});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.output.find("key: slab-double-free:iova_magazine_free:put:none\n"),
            std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("in: iova_magazine_free (drivers/iommu/iova.c:"), std::string::npos);
}

// Runs a command, so that the tree is in use only until its process ends.
void use_once(const std::string& kernel) {
  EXPECT_EQ(tool({"show", (source_folder() / life).string(), "--kernel", kernel}).status, 0);
}

TEST(KernelTree, WhatNobodyAskedForInAMonthIsRemoved) {
  PatchedTree tree("debian:6.12"), other("debian:6.12");
  std::string name = find_kernel_tree(tree.path()).name;
  use_once(tree.path());
  fs::path used = build_folder() / "used" / name, built = build_folder() / "kernels" / name;
  ASSERT_TRUE(fs::exists(built / "kernel.so"));
  fs::last_write_time(used, fs::file_time_type::clock::now() - std::chrono::hours(24 * 40));
  load_kernel(find_kernel_tree(other.path()));
  EXPECT_FALSE(fs::exists(built));
  EXPECT_FALSE(fs::exists(used));
  EXPECT_TRUE(fs::exists(build_folder() / "kernels" / find_kernel_tree(other.path()).name));
}

// A campaign may take months, and its tree may be moved away meanwhile.
TEST(KernelTree, WhatAProcessUsesIsNotRemoved) {
  PatchedTree old("debian:6.12"), other("debian:6.12");
  std::string name;
  {
    PatchedTree moved("debian:6.12");
    for (const PatchedTree* tree : {&moved, &old}) load_kernel(find_kernel_tree(tree->path()));
    name = find_kernel_tree(moved.path()).name;
  }
  const std::string of_old = find_kernel_tree(old.path()).name;
  fs::last_write_time(build_folder() / "used" / of_old,
                      fs::file_time_type::clock::now() - std::chrono::hours(24 * 40));
  use_once(other.path());
  for (const std::string& used : {name, of_old})
    EXPECT_TRUE(fs::exists(build_folder() / "kernels" / used / "kernel.so")) << used;
}

// A tree's folder may belong to another user, or be on a machine that does not respond.
TEST(KernelTree, OneThatCannotBeLookedAtHindersNoOther) {
  PatchedTree tree("debian:6.12");
  TemporaryFolder folder;
  const fs::path closed = folder.path() / "a";
  fs::create_directory_symlink(closed, closed);  // a link to itself cannot be followed
  const std::string list = (build_folder() / "variants.cmake").string(),
                    call = fmt::format("iovafuzz_kernel(linux-closed [==[{0}]==] [==[{0}]==])\n",
                                       (closed / "linux").string());
  {
    const FileLock lock(build_folder() / "lock");  // other tests may build at the same time
    write_file(list, read_file(list) + call);
  }
  use_once(tree.path());
  EXPECT_NE(read_file(list).find(call), std::string::npos);
  fs::remove(closed);
  use_once("debian:6.12");
  EXPECT_EQ(read_file(list).find(call), std::string::npos);
}

std::string line_of(const PatchedTree& tree, const std::string& text) {
  std::string file = tree.file("drivers/iommu/iova.c"), source = read_file(file);
  auto end = source.begin() + static_cast<long>(source.find(text));
  return file + ":" + std::to_string(std::count(source.begin(), end, '\n') + 1);
}

TEST(KernelTree, WhatTheShimLacksIsNamed) {
  PatchedTree tree("debian:6.12");
  std::string header = "#include <linux/rhashtable.h>";
  tree.replace("#include <linux/slab.h>", header);
  expect_refused(tree.path(), line_of(tree, header) + ": the shim has no linux/rhashtable.h");
  tree.replace(header, "#include <linux/slab.h>\nstatic unsigned long limit __kept_apart;");
  expect_refused(tree.path(), line_of(tree, "__kept_apart") + ": the shim has no __kept_apart");
  tree.replace(" __kept_apart", "");
  tree.replace("mutex_lock(&iova_cache_mutex);", "kmem_cache_shrink(iova_cache);");
  expect_refused(tree.path(),
                 line_of(tree, "kmem_cache_shrink") + ": the shim has no kmem_cache_shrink()");
}

TEST(KernelTree, WhatTheGlueMissesIsToldOfTheTree) {
  PatchedTree tree("debian:6.12");
  const std::string header = tree.file("include/linux/iova.h");
  for (const std::string& file : {tree.file("drivers/iommu/iova.c"), header})
    write_file(file, std::regex_replace(read_file(file), std::regex("\\bgranule\\b"), "grain"));
  expect_refused(tree.path(), header + ": struct iova_domain has no granule, which iovafuzz reads");
}

// Linux before v4.20, derived from a newer tree: the search ends at the domain's start, and there
// is no max32_alloc_size to skip it.
TEST(KernelTree, OldReleasesAreServed) {
  if (const std::string why = why_not_tested("debian:5.10"); !why.empty()) GTEST_SKIP() << why;
  PatchedTree tree("debian:5.10");
  for (const char* without :
       {"\tiovad->max32_alloc_size = iovad->dma_32bit_pfn;\n\tiovad->flush_cb",
        "\tif (free->pfn_lo < iovad->dma_32bit_pfn)\n\t\tiovad->max32_alloc_size = "
        "iovad->dma_32bit_pfn;\n",
        "\tif (limit_pfn <= iovad->dma_32bit_pfn &&\n\t\t\tsize >= iovad->max32_alloc_size)\n"
        "\t\tgoto iova32_full;\n",
        "\t\tiovad->max32_alloc_size = size;\n"})
    tree.replace(without, std::string(without).ends_with("flush_cb") ? "\tiovad->flush_cb" : "");
  tree.replace("unsigned long	max32_alloc_size;", "", "include/linux/iova.h");
  tree.replace("del_timer_sync(&iovad->fq_timer);",
               "if (timer_pending(&iovad->fq_timer))\n\t\tdel_timer(&iovad->fq_timer);");
  tree.replace("pr_err(\"Couldn't", "printk(KERN_ERR \"Couldn't");
  std::map<std::string, std::string> states;
  for (const json& row : tool_json({"known", "--kernel", tree.path()}))
    states[row["id"]] = row["state"];
  for (const char* id : {"second-pass-missing", "queue-timer-not-waited", "rcache-init-ignored",
                         "queue-overrun", "rcache-limit-underflow"})
    EXPECT_EQ(states[id], "present") << id;
  for (const char* id : {"hint-poisoned", "hint-not-reset", "anchor-lookalike-leak"})
    EXPECT_NE(states[id], "present") << id;
  // The ledger's keys cover all findings of these seeds.
  CommandResult result = tool({"replay", "--quiet", "--past", "ledger", "--kernel", tree.path(),
                               (source_folder() / "corpus/iova_tree").string(),
                               (source_folder() / "corpus/iova_rcache").string()});
  EXPECT_EQ(result.status, 0) << result.output;
}

void rename_in(const PatchedTree& tree, const std::string& from, const std::string& to) {
  for (const char* name :
       {"drivers/iommu/iova.c", "drivers/iommu/dma-iommu.c", "include/linux/iova.h"})
    write_file(tree.file(name), std::regex_replace(read_file(tree.file(name)),
                                                   std::regex("\\b" + from + "\\b"), to));
}

// Linux 6.12 without what old releases lack, and with other names and words for what has none of
// its own.
TEST(KernelTree, TreeThatLostSomethingIsNoOldRelease) {
  PatchedTree tree("debian:6.12");
  tree.replace("\t\tfree_global_cached_iovas(iovad);\n", "");
  rename_in(tree, "free_global_cached_iovas", "__attribute__((unused)) free_depots");
  tree.replace("cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD,\n"
               "\t\t\t\t\t    &iovad->cpuhp_dead);",
               ";");
  tree.replace("ret = cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD,\n"
               "\t\t\t\t\t       &iovad->cpuhp_dead);",
               "ret = 0;");
  rename_in(tree, "max32_alloc_size", "max32_failed_size");
  rename_in(tree, "flush_rcache", "flush");
  rename_in(tree, "percpu_fq", "rings");
  tree.replace("Number of entries per flush queue", "Entries", "drivers/iommu/dma-iommu.c");
  const iova_variant& variant = load_kernel(find_kernel_tree(tree.path()));
  EXPECT_TRUE(variant.flushes_depots && variant.flushes_dead_cpus);
  EXPECT_FALSE(variant.lacks_hint);
  EXPECT_EQ(variant.views, unsigned{(IOVA_VIEWS_OF_MODELS & ~IOVA_VIEW_HINT) | IOVA_VIEW_RINGS});
  ASSERT_NE(variant.queue, nullptr);
  TemporaryFolder folder;
  std::string depots = folder.write(
                  "a.iova", "cache_get\ninit start=512\ninit_rcaches\nalloc_fast x512 limit=1023\n"
                            "free_fast x512\nalloc_fast slot=b size=512 limit=1023\n"),
              cpus = folder.write("b.iova",
                                  "cpus 2\ncache_get\ninit start=16\ninit_rcaches\ncpu 1\n"
                                  "alloc_fast x16 limit=31\nfree_fast x16\ncpu 0\noffline 1\n"
                                  "alloc_fast slot=b size=16 limit=31\n");
  for (const std::string& file : {depots, cpus})
    EXPECT_EQ(tool({"show", file, "--kernel", tree.path()}).status, 1) << read_file(file);
  CommandResult queued =
      tool({"replay", "--quiet", "--past", "ledger", "--kernel", tree.path(),
            (source_folder() / "corpus/iova_flush_queue/queued_range_waits_for_the_timer.iova")
                .string()});
  EXPECT_EQ(queued.status, 0) << queued.output;
}

// What the probe finds in a tree, without a build.
std::string features_of(const PatchedTree& tree) {
  TemporaryFolder out;
  CommandResult result =
      run_command({"cmake", "-DTREE=" + tree.path(), "-DOUT=" + out.path().string(), "-P",
                   (source_folder() / "src/kernel/probe.cmake").string()},
                  false);
  EXPECT_EQ(result.status, 0) << result.output;
  return read_file(out.path() / "tree_features.h");
}

TEST(KernelTree, QueueThatIsNotServedIsToldByFileAndSymbol) {
  for (const auto& [from, to, told] :
       {std::array{"static void queue_iova(", "static bool queue_iova(",
                   "has no 'static void queue_iova('"},
        std::array{"#define IOVA_DEFAULT_FQ_SIZE", "#define RING_SIZE",
                   "has no IOVA_DEFAULT_FQ_SIZE"},
        std::array{"\nint iommu_dma_init_fq(", "\nlong iommu_dma_init_fq(",
                   "has no 'int iommu_dma_init_fq('"}}) {
    PatchedTree tree("debian:6.12");
    tree.replace(from, to, "drivers/iommu/dma-iommu.c");
    expect_all(features_of(tree), {"#define TREE_HAS_QUEUE 0\n",
                                   "TREE_WHY_NO_QUEUE \"drivers/iommu/dma-iommu.c ", told});
  }
  PatchedTree tree("debian:6.12");
  tree.replace("static DEFINE_STATIC_KEY_FALSE(", "static DEFINE_KEY(",
               "drivers/iommu/dma-iommu.c");
  expect_all(features_of(tree), {"#define TREE_HAS_QUEUE 1\n", "#define TREE_SHOWS_RINGS 1\n"});
}

void replace_all(const PatchedTree& tree, const std::string& name, const std::string& pattern,
                 const std::string& to) {
  write_file(tree.file(name),
             std::regex_replace(read_file(tree.file(name)), std::regex(pattern), to));
}

// Each has the names that the glue reads, of another type or in another structure.
TEST(KernelTree, ViewIsDroppedWhereItsMembersHaveAnotherShape) {
  const char in_iova[] = "drivers/iommu/iova.c", in_header[] = "include/linux/iova.h",
             in_queue[] = "drivers/iommu/dma-iommu.c";
  struct Shape {
    std::string file, from, to, dropped;
  };
  const std::string depot = "\tunsigned int depot_size;\n\tstruct iova_magazine *depot;\n",
                    percpu = "\tstruct iova_cpu_rcache __percpu *cpu_rcaches;\n",
                    timer_on = "atomic_t\t\tfq_timer_on;";
  const Shape shapes[] = {
      {in_iova, "mag->pfns[mag->size++] = pfn;",
       "mag->pfns[(mag->head + mag->size++) % IOVA_MAG_SIZE] = pfn;", "MAGAZINES"},
      {in_iova, "unsigned int depot_size;", "atomic_t depot_size;", "MAGAZINES"},
      {in_iova, "struct iova_rcache {\n\tspinlock_t lock;\n" + depot,
       "struct iova_depot {\n\tspinlock_t lock;\n" + depot +
           "};\n\nstruct iova_rcache {\n\tstruct iova_depot depots[2];\n",
       "MAGAZINES"},
      {in_iova, percpu, "", "MAGAZINES"},
      {in_iova, percpu, "\tstruct {\n\t" + percpu + "\t} of_cpus;\n", "MAGAZINES"},
      {in_iova, percpu, "\t/*" + percpu + "*/", "MAGAZINES"},
      {in_header, "unsigned long\tmax32_alloc_size;", "atomic_long_t\tmax32_alloc_size;", "HINT"},
      {in_header, "struct rb_root\t", "struct rb_root_cached\t", "NODES"},
      {in_header, "struct rb_node\t*cached32_node;", "struct iova\t*cached32_node;",
       "CACHED_NODES"},
      {in_queue, timer_on, "", "RINGS"},
      {in_queue, timer_on, "struct {\n\t" + timer_on + "\n\t} armed;", "RINGS"},
      {in_queue, "u64 counter;", "struct flush counter;", "RINGS"},
  };
  const std::string whole = features_of(PatchedTree("debian:6.12"));
  for (const Shape& shape : shapes) {
    const std::string shown = "#define TREE_SHOWS_" + shape.dropped + " ";
    expect_all(whole, {(shown + "1\n").c_str()});
    PatchedTree tree("debian:6.12");
    tree.replace(shape.from, shape.to, shape.file);
    expect_all(features_of(tree), {(shown + "0\n").c_str()});
  }
}

TEST(KernelTree, TreeOfAnotherShapeIsServedWithoutItsViews) {
  PatchedTree tree("debian:6.12");
  tree.replace("struct rb_root\t", "struct rb_root_cached\t", "include/linux/iova.h");
  replace_all(tree, "drivers/iommu/iova.c", "iovad->rbroot\\b", "iovad->rbroot.rb_root");
  tree.apply({{"unsigned int depot_size;", "atomic_t depot_size;"},
              {"rcache->depot_size--;", "atomic_dec(&rcache->depot_size);"},
              {"rcache->depot_size++;", "atomic_inc(&rcache->depot_size);"},
              {"rcache->depot_size > num", "atomic_read(&rcache->depot_size) > num"}});
  replace_all(tree, "drivers/iommu/dma-iommu.c", "atomic_t\\s+fq_timer_on;",
              "struct { atomic_t fq_timer_on; } armed;");
  replace_all(tree, "drivers/iommu/dma-iommu.c", "cookie->fq_timer_on",
              "cookie->armed.fq_timer_on");
  EXPECT_EQ(load_kernel(find_kernel_tree(tree.path())).views, unsigned{IOVA_VIEW_HINT});
  CommandResult result = tool({"replay", "--quiet", "--past", "ledger", "--kernel", tree.path(),
                               (source_folder() / "corpus/iova_rcache").string(),
                               (source_folder() / "corpus/iova_flush_queue").string()});
  EXPECT_EQ(result.status, 0) << result.output;
}

// Whatever its magazines look like.
TEST(KernelTree, WhatIgnoresFailuresOfRcachesIsTheirInit) {
  if (const std::string why = why_not_tested("debian:5.10"); !why.empty()) GTEST_SKIP() << why;
  PatchedTree tree("debian:5.10");
  tree.replace("unsigned long pfns[IOVA_MAG_SIZE];", "unsigned long *pfns;");
  expect_all(features_of(tree),
             {"#define TREE_SHOWS_MAGAZINES 0\n", "#define TREE_IGNORES_RCACHE_FAILURES 1\n"});
  tree.replace("static void init_iova_rcaches(struct iova_domain *iovad)\n{",
               "static int init_iova_rcaches(struct iova_domain *iovad)\n{");
  expect_all(features_of(tree), {"#define TREE_IGNORES_RCACHE_FAILURES 0\n"});
}

// Changes that are typical of vendors' trees.
TEST(KernelTree, VendorsShapesAreServed) {
  PatchedTree tree("debian:6.12");
  tree.replace("#define IOVA_RANGE_CACHE_MAX_SIZE 6", "#define IOVA_RANGE_CACHE_MAX_SIZE 10");
  tree.replace("#define IOVA_MAG_SIZE 127", "#define IOVA_MAG_SIZE 63");
  tree.replace("/* The anchor node", R"(#include <linux/init.h>
#include <trace/hooks/iommu.h>
static bool best_fit __read_mostly;
static int __init set_best_fit(char *text) { return kstrtobool(text, &best_fit); }
early_param("iova.best_fit", set_best_fit);
/* The anchor node)");
  tree.replace("struct iova *new_iova;\n\tint ret;\n",
               "struct iova *new_iova;\n\tint ret;\n\tif (best_fit)\n"
               "\t\tprintk(KERN_ERR \"%lx\\n\", __ffs64(DMA_BIT_MASK(36)));\n"
               "\ttrace_android_vh_iommu_alloc_iova(iovad, size);\n");
  tree.replace("#define IOVA_DEFAULT_FQ_SIZE\t256", "#define IOVA_DEFAULT_FQ_SIZE\t512",
               "drivers/iommu/dma-iommu.c");
  // A search from no node begins at the anchor.
  tree.apply(
      {{"iovad->cached_node = &iovad->anchor.node;", "iovad->cached_node = NULL;"},
       {"iovad->cached32_node = &iovad->anchor.node;", "iovad->cached32_node = NULL;"},
       {"return iovad->cached32_node;", "return iovad->cached32_node ?: &iovad->anchor.node;"},
       {"return iovad->cached_node;", "return iovad->cached_node ?: &iovad->anchor.node;"},
       {"to_iova(iovad->cached32_node);", "to_iova(iovad->cached32_node ?: &iovad->anchor.node);"},
       {"to_iova(iovad->cached_node);", "to_iova(iovad->cached_node ?: &iovad->anchor.node);"}});
  TemporaryFolder folder;
  std::string file = folder.write(
      "a.iova", "cpus 2\ncache_get\ninit\ninit_rcaches\nqueue_init\n"
                "alloc_fast x300 size=300\nfree_fast x300\nalloc_fast slot=b x300 size=400\n"
                "alloc_fast slot=c x700\nqueue slot=c x700\ntick 100\n");
  json row = tool_json({"replay", "--kernel", tree.path(), file})[0];
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
  EXPECT_EQ(row["differences"], json::array()) << to_text(row);
}

// Without the rounding, a cached range may be granted for a larger request.
TEST(KernelTree, RoundingThatIsLostIsFound) {
  PatchedTree tree("debian:6.12");
  tree.replace("size = roundup_pow_of_two(size);", ";");
  TemporaryFolder folder;
  std::string file = folder.write(
      "a.iova", "cache_get\ninit\ninit_rcaches\nalloc_fast size=3\nfree_fast\nalloc_fast size=4\n");
  json row = tool_json({"replay", "--kernel", tree.path(), file})[0];
  EXPECT_NE(row["keys"], json({{"clean", 1}})) << to_text(row);
  // As before v5.17, where callers rounded the size.
  tree.replace("size_t size, u64 dma_limit, struct device *dev)\n{",
               R"(size_t size, u64 dma_limit, struct device *dev)
{
	size = roundup_pow_of_two(size);)",
               "drivers/iommu/dma-iommu.c");
  row = tool_json({"replay", "--kernel", tree.path(), file})[0];
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
}

TEST(KernelTree, PlainWorkIsServedByItsRules) {
  PatchedTree tree("debian:6.12");
  tree.replace("struct rb_root\trbroot;", "struct rb_root\trbroot;\n\tstruct work_struct tidy;",
               "include/linux/iova.h");
  tree.replace("#include <linux/rbtree.h>",
               "#include <linux/rbtree.h>\n#include <linux/workqueue.h>", "include/linux/iova.h");
  tree.replace("void\ninit_iova_domain(",
               "static void tidy_domain(struct work_struct *work)\n{\n"
               "\tstruct iova_domain *iovad = container_of(work, struct iova_domain, tidy);\n"
               "\tiovad->max32_alloc_size = iovad->dma_32bit_pfn;\n}\n\nvoid\ninit_iova_domain(");
  tree.replace("\tiovad->granule = granule;",
               "\tINIT_WORK(&iovad->tidy, tidy_domain);\n\tschedule_work(&iovad->tidy);\n"
               "\tiovad->granule = granule;");
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", "cache_get\ninit\nput\n");
  CommandResult result = tool({"show", "--kernel", tree.path(), file});
  EXPECT_NE(result.output.find("key: work-freed-pending:"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("tidy_domain()"), std::string::npos) << result.output;
  tree.replace("\tstruct iova *iova, *tmp;\n", "\tstruct iova *iova, *tmp;\n\n"
                                               "\tcancel_work_sync(&iovad->tidy);\n");
  EXPECT_EQ(tool({"show", "--kernel", tree.path(), file}).status, 0);
}

TEST(KernelTree, VariableThatMayHoldAnythingIsTold) {
  PatchedTree tree("debian:6.12");
  KernelTree found = find_kernel_tree(tree.path());
  tree.replace("unsigned int log_size = order_base_2(size);",
               "unsigned int log_size;\n\tif (size > 1)\n\t\tlog_size = order_base_2(size);");
  load_kernel(found);
  std::vector<std::string> notes = compiler_notes(found);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_TRUE(notes[0].starts_with(line_of(tree, "if (size > 1)") + ": variable 'log_size' is used "
                                                                    "uninitialized"))
      << notes[0];
  EXPECT_EQ(compiler_notes(find_kernel_tree("debian:6.12")), std::vector<std::string>{});
}

TEST(KernelTree, UndeclaredNameAndUnknownTypeAreNamed) {
  for (const auto& [code, name] :
       {std::pair("size_t lost = NR_SWAPPED_PAGES;", "the shim has no NR_SWAPPED_PAGES"),
        std::pair("struct genpool pool;", "the shim has no struct genpool")}) {
    PatchedTree tree("debian:6.12");
    tree.replace("mutex_lock(&iova_cache_mutex);",
                 std::string(code) + " mutex_lock(&iova_cache_mutex);");
    CommandResult result =
        tool({"show", (source_folder() / life).string(), "--kernel", tree.path()});
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.output.find(name), std::string::npos) << result.output;
  }
}

TEST(KernelTree, DeclarationThatNoKernelHasIsNamed) {
  PatchedTree tree("debian:6.12");
  tree.replace("void free_iova(struct iova_domain *iovad, unsigned long pfn);",
               "void free_iova(struct iova_domain *iovad, unsigned long pfn, int node);",
               "include/linux/iova.h");
  tree.replace("free_iova(struct iova_domain *iovad, unsigned long pfn)\n{",
               "free_iova(struct iova_domain *iovad, unsigned long pfn, int node)\n{");
  tree.replace("	free_iova(iovad, pfn);", "	free_iova(iovad, pfn, 0);");
  CommandResult result = tool({"show", (source_folder() / life).string(), "--kernel", tree.path()});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
  // The definition in iova.c is a declaration as well, so either file may be named.
  EXPECT_TRUE(std::regex_search(result.output, std::regex("/iova\\.[ch]:[0-9]+: ")))
      << result.output;
  EXPECT_NE(result.output.find("free_iova() takes arguments that iovafuzz does not support"),
            std::string::npos)
      << result.output;
}

TEST(KernelTree, LibraryThatTheTreeLacksIsNamed) {
  PatchedTree tree("debian:6.12");
  tree.replace("#include <linux/slab.h>", "#include <linux/slab.h>\n#include <linux/maple_tree.h>");
  fs::remove(tree.file("include/linux/maple_tree.h"));
  expect_refused(tree.path(), tree.file("include/linux/maple_tree.h") +
                                  " is missing, but drivers/iommu/iova.c includes "
                                  "linux/maple_tree.h");
  fs::remove(tree.file("lib/rbtree.c"));
  expect_refused(tree.path(), tree.file("lib/rbtree.c") +
                                  " is missing, but drivers/iommu/iova.c includes "
                                  "linux/rbtree.h");
}

// A design that keeps ranges on a list; the glue knows nothing of its inside.
constexpr const char toy[] = "src/tool/variants/toy";

TEST(KernelTree, AnyDesignIsServed) {
  const std::string path = (source_folder() / toy).string();
  const iova_variant& variant = load_kernel(find_kernel_tree(path));
  EXPECT_EQ(variant.views & IOVA_VIEWS_OF_MODELS, 0u);
  EXPECT_EQ(variant.like, nullptr);
  auto rows = tool_json({"replay", "--kernel", path, (source_folder() / "corpus").string()});
  EXPECT_GT(rows.size(), 50u);
  for (const auto& row : rows) EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
}

TEST(KernelTree, DesignThatShowsNothingIsHeldToTheContract) {
  struct Flaw {
    const char *good, *bad, *program, *key;
  };
  const Flaw flaws[] = {
      {"if (range) __free_iova(iovad, range);",
       "if (range && pfn != 0xfffff) __free_iova(iovad, range);", "cache_get\ninit\nalloc\nfree\n",
       "capacity-lost:any:any:none"},
      {"end = min(end, range_at(link)->pfn_lo);", "end = min(end, range_at(link)->pfn_hi);",
       "cache_get\ninit\nalloc size=4\nalloc\n", "iova-overlap:alloc_iova:alloc:none"},
      {"range_at(link)->pfn_hi >= pfn ?", "range_at(link)->pfn_hi >= pfn - 8 ?",
       "cache_get\ninit\nreserve lo=100 size=4\nfind_pfn 106\n",
       "find-wrong:find_iova:find_pfn:none"},
      {"if (!new) return NULL;\n  spin_lock_irqsave(&iovad->lock, flags);\n  for",
       "spin_lock_irqsave(&iovad->lock, flags);\n  if (!new) return NULL;\n  for",
       "cache_get\ninit\nfail 1\nreserve lo=100 size=4\n", "lock-held-at-end"},
  };
  for (const Flaw& flaw : flaws) {
    TemporaryFolder folder;
    fs::copy(source_folder() / toy, folder.path() / "tree", fs::copy_options::recursive);
    fs::path source = folder.path() / "tree/drivers/iommu/iova.c";
    std::string text = read_file(source);
    size_t at = text.find(flaw.good);
    ASSERT_NE(at, std::string::npos) << flaw.good;
    write_file(source, text.replace(at, std::string(flaw.good).size(), flaw.bad));
    std::string file = folder.write("a.iova", flaw.program);
    CommandResult result = tool({"show", file, "--kernel", (folder.path() / "tree").string()});
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.output.find(std::string("key: ") + flaw.key), std::string::npos)
        << result.output;
  }
}

TEST(KernelTree, DesignsAreComparedByWhatTheyAnswer) {
  const std::string path = (source_folder() / toy).string();
  TemporaryFolder folder;
  // Allocations differ, and so does the state that only one side shows; the answers are the same.
  std::string alike =
      folder.write("a.iova", "cache_get\ninit\ninit_rcaches\nfail 1\nalloc size=4\nalloc\nfree\n");
  auto same = tool_json({"diff", "--programs", "0", "6.12", path, alike});
  EXPECT_EQ(same["result"], "same") << to_text(same);
  // 6.12 first searches below the latest range.
  std::string unlike =
      folder.write("b.iova", "cache_get\ninit\nalloc slot=a\nalloc slot=b\nalloc slot=c\n"
                             "free slot=a\nalloc slot=d size=2\nalloc slot=e\n");
  auto differ = tool_json({"diff", "--programs", "0", "6.12", path, unlike});
  EXPECT_EQ(differ["result"], "differ") << to_text(differ);
}

TEST(KernelTree, FunctionThatTheShimLacksIsNamed) {
  PatchedTree tree("debian:6.12");
  tree.replace("static bool iova_magazine_full(",
               "void panic(void);\nstatic bool iova_magazine_full(");
  tree.replace("mutex_lock(&iova_cache_mutex);", "panic(); mutex_lock(&iova_cache_mutex);");
  expect_refused(tree.path(), line_of(tree, "panic();") + ": the shim has no panic()");
}

}  // namespace
}  // namespace tool
