// SPDX-License-Identifier: GPL-2.0-only
// Kernel trees as their users meet them. Debian's 6.1 and 6.12 must be there; what they are
// expected to show follows from their source, since packages move on.
#include "tool/variants/kernel.h"
#include "tool/variants/patched_test.h"

#include <regex>

#include "tool/support/command_test.h"
#include "tool/support/failure.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr const char life[] = "corpus/iova_domain/plain_life_of_one_domain.iova";
constexpr const char bug_key[] =
    "slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc";

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

// Of rcache init, in the plain life of a domain on two CPUs.
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
  EXPECT_EQ(result.output, "iovafuzz: " + sentence + "\n");
}

class KernelOfDebian : public testing::TestWithParam<const char*> {
 protected:
  // Only the versions of the system's own suites must be there.
  void SetUp() override {
    std::string version = GetParam();
    try {
      find_kernel_tree(spec());
    } catch (const Failure& failure) {
      if (version == "6.1" || version == "6.12") throw;
      GTEST_SKIP() << "NOT TESTED: " << spec() << ": " << failure.what();
    }
  }
  std::string spec() const { return std::string("debian:") + GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Versions, KernelOfDebian, testing::Values("6.1", "6.12", "7.3"),
                         [](const auto& info) {
                           std::string name = info.param;
                           return "v" + name.replace(name.find('.'), 1, "_");
                         });

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

TEST_P(KernelOfDebian, DoesTheSameAsThePort) {
  std::string port = GetParam(), kernel = spec();
  Patched tree(kernel);
  // Where a 6.12 has got its fix, the port shows what it was before.
  if (port == "6.12" && magazine_free_checks_null(source_of(kernel))) {
    tree.replace("if (mag)", "");
    kernel = tree.path();
  }
  auto result = tool_json(
      {"diff", port, kernel, (source_folder() / "corpus").string(), "--programs", "20000"});
  EXPECT_EQ(result["result"], "same") << to_text(result);
  EXPECT_GT(result["programs"], 20000);
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
  Patched tree("debian:6.12");
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

TEST(KernelTree, ChangedBehaviourIsShownByAProgram) {
  Patched tree("debian:6.12");
  tree.replace("if (free->pfn_lo < iovad->dma_32bit_pfn)", "if (free->pfn_lo <= iovad->start_pfn)");
  auto result = tool_json({"diff", "debian:6.12", tree.path(), "--programs", "20000",
                           (source_folder() / "corpus").string()});
  EXPECT_EQ(result["key"].get<std::string>().rfind("variants-differ:", 0), 0u) << to_text(result);
  EXPECT_NE(result["values"].get<std::string>().find("max32_alloc_size"), std::string::npos);
}

TEST(KernelTree, CrashIsToldFromADifference) {
  Patched tree("debian:6.12");
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
  try {
    find_kernel_tree("debian:5.10");
  } catch (const Failure& failure) {
    GTEST_SKIP() << "NOT TESTED: debian:5.10: " << failure.what();
  }
  // Its rcaches are a part of init, which ignores that a magazine could not be allocated.
  auto rows = tool_json({"sweep", (source_folder() / life).string(), "--kernel", "debian:5.10"});
  auto init = rows[0]["operations"][1];
  EXPECT_EQ(init["text"], "init");
  EXPECT_EQ(init["points"], 30);
  EXPECT_EQ(init["keys"]["kernel-warn:init_iova_rcaches:init:init_iova_rcaches"], 6);
  CommandResult result =
      tool({"run", "iova_port_vs_kernel", "--kernel", "debian:5.10", "--time", "1s"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("compares a kernel tree with the port's revision"),
            std::string::npos);
}

TEST(KernelTree, FlushQueueIsCutOutOfItsFileAndItsLinesAreNamed) {
  Patched tree("debian:6.12");
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
  Patched tree("debian:6.12");
  fs::remove(tree.file("drivers/iommu/dma-iommu.c"));
  std::string seed =
      (source_folder() / "corpus/iova_flush_queue/queued_range_waits_for_the_timer.iova").string();
  CommandResult result = tool({"show", seed, "--kernel", tree.path()});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.output.find("skipped: this allocator's flush queue is not at hand"),
            std::string::npos)
      << result.output;
  result = tool({"run", "iova_flush_queue", "--kernel", tree.path()});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("has no flush queue: its drivers/iommu/dma-iommu.c is missing"),
            std::string::npos);
}

TEST(KernelTree, KeysNameTheKernelsFunctionAndReportsItsLine) {
  Patched tree("debian:6.12");
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

TEST(KernelTree, WhatNobodyAskedForInAMonthIsRemoved) {
  Patched tree("debian:6.12"), other("debian:6.12");
  std::string name = find_kernel_tree(tree.path()).name;
  load_kernel(find_kernel_tree(tree.path()));
  fs::path used = build_folder() / "used" / name, built = build_folder() / "kernels" / name;
  ASSERT_TRUE(fs::exists(built / "kernel.so"));
  fs::last_write_time(used, fs::file_time_type::clock::now() - std::chrono::hours(24 * 40));
  load_kernel(find_kernel_tree(other.path()));
  EXPECT_FALSE(fs::exists(built));
  EXPECT_FALSE(fs::exists(used));
  EXPECT_TRUE(fs::exists(build_folder() / "kernels" / find_kernel_tree(other.path()).name));
}

TEST(KernelTree, UnknownHeaderIsNamed) {
  Patched tree("debian:6.12");
  tree.replace("#include <linux/slab.h>", "#include <linux/maple_tree.h>");
  std::string file = tree.file("drivers/iommu/iova.c");
  std::string text = read_file(file);
  auto line =
      std::count(text.begin(), text.begin() + static_cast<long>(text.find("maple_tree")), '\n') + 1;
  CommandResult result = tool({"show", (source_folder() / life).string(), "--kernel", tree.path()});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
  EXPECT_NE(
      result.output.find("iova.c:" + std::to_string(line) + ": does not compile over the shim: "),
      std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("linux/maple_tree.h"), std::string::npos);
}

TEST(KernelTree, UnsupportedShapeIsNamed) {
  Patched tree("debian:6.12");
  tree.replace("struct rb_root	rbroot;", "struct maple_tree	ranges;", "include/linux/iova.h");
  expect_refused(tree.path(), tree.file("include/linux/iova.h") + " has no struct rb_root rbroot");
}

TEST(KernelTree, FunctionThatTheShimLacksIsNamed) {
  Patched tree("debian:6.12");
  tree.replace("static bool iova_magazine_full(",
               "void rcu_barrier(void);\nstatic bool iova_magazine_full(");
  tree.replace("mutex_lock(&iova_cache_mutex);", "rcu_barrier(); mutex_lock(&iova_cache_mutex);");
  expect_refused(tree.path(), tree.path() + ": uses rcu_barrier(), which the shim lacks");
}

}  // namespace
}  // namespace tool
