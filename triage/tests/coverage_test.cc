// SPDX-License-Identifier: GPL-2.0-only
// The coverage command's output; reached_test.cc tests the computation.
#include <algorithm>

#include "tool/support/command_test.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

bool leaves_out(const json& report, const std::string& function) {
  const auto& gaps = report["not_reached"];
  return std::any_of(gaps.begin(), gaps.end(), [&](const json& gap) {
    return gap["function"] == function && gap["text"] == "";
  });
}

TEST(Coverage, TellsWhatAProgramLeavesOut) {
  TemporaryFolder folder;
  std::string small = folder.write("small.iova", "cache_get\ninit\nalloc size=4\nput\ncache_put\n");
  std::string pages = (folder.path() / "pages").string();
  auto port = tool_json({"coverage", small, "--html", pages});
  EXPECT_GT(port["all"]["lines_reached"], 0) << to_text(port);
  EXPECT_LT(port["all"]["lines_reached"], port["all"]["lines"]);
  EXPECT_GT(port["files"]["iova.cc"]["branches_reached"], 0) << to_text(port);
  EXPECT_FALSE(leaves_out(port, "alloc_iova"));
  EXPECT_TRUE(leaves_out(port, "alloc_iova_fast"));
  EXPECT_TRUE(leaves_out(port, "iommu_dma_init_fq"));
  EXPECT_EQ(port["pages"], pages + "/index.html");
  EXPECT_NE(read_file(pages + "/index.html").find("iova.cc"), std::string::npos);

  auto kernel = tool_json({"coverage", small, "--kernel", "debian:6.12", "--html", pages});
  EXPECT_GT(kernel["files"]["iova.c"]["lines_reached"], 0) << to_text(kernel);
  EXPECT_FALSE(leaves_out(kernel, "alloc_iova"));
  EXPECT_TRUE(leaves_out(kernel, "alloc_iova_fast"));
  EXPECT_NE(read_file(pages + "/index.html").find("iova.c"), std::string::npos);

  EXPECT_EQ(tool({"coverage", (folder.path() / "nothing").string()}).status, 2);
}

}  // namespace
}  // namespace tool
