// SPDX-License-Identifier: GPL-2.0-only
// Altered trees: what keeps every promise is right, whatever the reference does; what breaks one is
// found, whatever the design.
#include "tool/support/command_test.h"
#include "tool/variants/patched_test.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// Linux 6.12 without its issues of cache and rcache init.
class Repaired : public Patched {
 public:
  Repaired() : Patched("debian:6.12") {
    std::string free = "kmem_cache_free(iova_magazine_cache, mag);";
    if (read_file(file("drivers/iommu/iova.c")).find("\tif (mag)\n") == std::string::npos)
      replace(free, "if (mag) " + free);
    std::string create = "iova_cache = kmem_cache_create(";
    replace(create, "iova_magazine_cache = NULL;\n\t\t" + create);
  }
  // Of a text or a seed.
  json replay(const std::string& program, std::vector<std::string> options = {}) const {
    TemporaryFolder folder;
    std::string file = program.ends_with(".iova") ? (source_folder() / "corpus" / program).string()
                                                  : folder.write("a.iova", program);
    options.insert(options.begin(), {"replay", "--kernel", path(), file});
    json rows = tool_json(options);
    return rows.is_array() && rows.size() == 1 ? rows[0] : rows;
  }
};

constexpr char low_limit[] = "iova_tree/low_limit_failure_leaves_the_hint_alone.iova";

TEST(Contract, RepairsOfKnownIssuesAreRight) {
  Repaired tree;
  CommandResult result = tool({"replay", "--quiet", "--past", "ledger", "--kernel", tree.path(),
                               (source_folder() / "corpus/iova_init_faults").string(),
                               (source_folder() / "corpus/iova_domain").string()});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output.find("behaves otherwise"), std::string::npos) << result.output;
}

TEST(Contract, AnotherHintIsADifference) {
  Repaired tree;
  tree.replace("\t\tiovad->max32_alloc_size = size;\n\t\tgoto",
               "\t\tif (limit_pfn == iovad->dma_32bit_pfn)\n"
               "\t\t\tiovad->max32_alloc_size = size;\n\t\tgoto");
  json row = tree.replay(low_limit);
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
  EXPECT_EQ(row["differences"], json({"hint-wrong:alloc_iova:alloc:none"})) << to_text(row);
  row = tree.replay(low_limit, {"--strict"});
  EXPECT_EQ(row["keys"], json({{"hint-wrong:alloc_iova:alloc:none", 1}})) << to_text(row);
}

TEST(Contract, CachesMayBeOfAnyKind) {
  Repaired tree;
  tree.replace("kmem_cache_create(\"iommu_iova\", sizeof(struct iova), 0,",
               "kmem_cache_create(\"ranges\", sizeof(struct iova), sizeof(long),");
  json row = tree.replay("iova_domain/plain_life_of_one_domain.iova");
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
}

// The range sits in the magazines of a CPU that is offline. Nobody owns it.
TEST(Contract, CapacityThatNoFlushReachesIsFound) {
  Repaired tree;
  tree.replace("cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);",
               "cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, num_possible_cpus() - 1);");
  json row = tree.replay(
      "cpus 2\ncache_get\ninit start=16\ninit_rcaches\noffline 1\nalloc_fast x16 limit=31\n"
      "free_fast x16\nalloc_fast slot=b size=16 limit=31\n");
  EXPECT_EQ(row["keys"], json({{"spurious-failure:alloc_iova:alloc:none", 1}})) << to_text(row);
}

TEST(Contract, CpuThatIsReadWhereTheTaskMayMoveIsFound) {
  Repaired tree;
  tree.replace("cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);",
               "cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, smp_processor_id());");
  json row = tree.replay("cache_get\ninit\ninit_rcaches\nalloc_fast\nfree_fast\n");
  EXPECT_EQ(row["keys"], json({{"cpu-preemptible:__iova_rcache_insert:free_fast:none", 1}}))
      << to_text(row);
}

// A queue call that a flush holds up goes on within another operation, which is not to blame.
TEST(Contract, WhatACallDoesIsToldOfItsOwnOperation) {
  TemporaryFolder folder;
  std::string file = folder.write(
      "a.iova",
      "cpus 3\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x600\nqueue x255\nslow\n"
      "queue x256\nalloc_fast x167\nqueue x255\nslow\nqueue\ntick 100\n");
  json row = tool_json({"replay", "--revision", "6.12", file})[0];
  EXPECT_EQ(row["keys"], json({{"queue-overrun:queue_iova:queue:none", 1}})) << to_text(row);
}

}  // namespace
}  // namespace tool
