// SPDX-License-Identifier: GPL-2.0-only
// Altered trees of Linux 6.12, for tests of the contract.
#pragma once

#include <string>
#include <vector>

#include "tool/support/command_test.h"
#include "tool/variants/patched_test.h"

namespace tool {

// All seeds are clean on the tree, apart from known issues.
inline void expect_nothing_new(const std::string& kernel) {
  CommandResult result = tool({"replay", "--quiet", "--past", "ledger", "--kernel", kernel,
                               (source_folder() / "corpus").string()});
  EXPECT_EQ(result.status, 0) << result.output;
}

// Linux 6.12 without its issues of cache and rcache init.
class Repaired : public PatchedTree {
 public:
  Repaired() : PatchedTree("debian:6.12") {
    std::string free = "kmem_cache_free(iova_magazine_cache, mag);";
    if (read_file(file("drivers/iommu/iova.c")).find("\tif (mag)\n") == std::string::npos)
      replace(free, "if (mag) " + free);
    std::string create = "iova_cache = kmem_cache_create(";
    replace(create, "iova_magazine_cache = NULL;\n\t\t" + create);
  }
  // Replays a program text, or a seed if the name ends in .iova.
  json replay(const std::string& program, std::vector<std::string> options = {}) const {
    TemporaryFolder folder;
    std::string file = program.ends_with(".iova") ? (source_folder() / "corpus" / program).string()
                                                  : folder.write("a.iova", program);
    options.insert(options.begin(), {"replay", "--kernel", path(), file});
    json rows = tool_json(options);
    return rows.is_array() && rows.size() == 1 ? rows[0] : rows;
  }
};

// The domain has a second node of its own, which is in the tree from the start.
class WithSentinel : public Repaired {
 public:
  explicit WithSentinel(const std::string& pfn) {
    replace("\tstruct iova\tanchor;", "\tstruct iova\tanchor;\n\tstruct iova\tsentinel;",
            "include/linux/iova.h");
    std::string insert = "\trb_insert_color(&iovad->anchor.node, &iovad->rbroot);\n";
    replace(insert, insert + "\tiovad->sentinel.pfn_lo = iovad->sentinel.pfn_hi = " + pfn +
                        ";\n\trb_link_node(&iovad->sentinel.node, &iovad->anchor.node, "
                        "&iovad->anchor.node.rb_left);\n"
                        "\trb_insert_color(&iovad->sentinel.node, &iovad->rbroot);\n");
  }
};

// init_iova_domain() makes a reservation, and cannot report its failure.
class ReservesInInit : public Repaired {
 public:
  ReservesInInit() {
    replace("iovad->start_pfn = start_pfn;", "iovad->start_pfn = 0;");
    std::string insert = "\trb_insert_color(&iovad->anchor.node, &iovad->rbroot);\n";
    replace(insert, insert + "\tif (start_pfn)\n\t\treserve_iova(iovad, 0, start_pfn - 1);\n");
  }
};

}  // namespace tool
