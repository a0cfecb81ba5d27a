// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/refusal.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// A made-up tree, and compiler messages about it.
class Refusal : public testing::Test {
 protected:
  Refusal() {
    write("drivers/iommu/iova.c", "#include <linux/rhashtable.h>\n"
                                  "static unsigned int limit __ro_mostly;\n"
                                  "early_param(\"iova.best_fit\", set_best_fit);\n"
                                  "static int __unknown_mark get(void)\n"
                                  "\tkmem_cache_shrink(cache);\n"
                                  "\treturn NEW_LIMIT;\n"
                                  "\tfoo_t x;\n"
                                  "\twork->entry = 1;\n"
                                  "\tx = = 1;\n"
                                  "void kmem_cache_shrink(struct kmem_cache *);\n"
                                  "\tspin_lock_bh(&a);\n");
    write(
        "include/linux/iova.h",
        "#define IOVA_RANGE_CACHE_MAX_SIZE 30\nstruct iova_rcache {\n};\nvoid *alloc_iova(int, int);\n");
    write("../glue.c", "x\n  view.size = rcache->depot_size;\n  use(IOVA_MAG_SIZE);\n"
                       "  return alloc_iova(1, 2, 3);\n  s = sizeof(struct iova_magazine);\n");
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(path(name)).parent_path());
    write_file(path(name), text);
  }
  std::string path(const std::string& name) const {
    return (folder_.path() / "tree" / name).lexically_normal().string();
  }
  KernelTree tree() const { return {"tree", "tree", folder_.path() / "tree"}; }
  std::string why(const std::string& file, const std::string& position, const std::string& words,
                  const std::string& more = "") const {
    return why_refused(tree(), fmt::format("[3/5] cc\n{}:{}: error: {}\n  text\n{}\n", path(file),
                                           position, words, more));
  }
  std::string in_iova(const std::string& position, const std::string& words) const {
    return why("drivers/iommu/iova.c", position, words);
  }
  std::string at_line(size_t line, const std::string& sentence) const {
    return fmt::format("{}:{}: {}", path("drivers/iommu/iova.c"), line, sentence);
  }

  TemporaryFolder folder_;
};

TEST_F(Refusal, HeaderIsNamed) {
  std::string expected = at_line(1, "the shim has no linux/rhashtable.h");
  EXPECT_EQ(why_refused(tree(), path("drivers/iommu/iova.c") +
                                    ":1:10: fatal error: 'linux/rhashtable.h' file not found\n"),
            expected);
  EXPECT_EQ(why_refused(tree(), path("drivers/iommu/iova.c") +
                                    ":1:10: fatal error: linux/rhashtable.h: No such file or "
                                    "directory\n"),
            expected);
}

TEST_F(Refusal, MacroThatTheCompilerTakesForANameIsNamed) {
  EXPECT_EQ(in_iova("2:26", "expected ';' after top level declarator"),
            at_line(2, "the shim has no __ro_mostly"));
  EXPECT_EQ(
      in_iova("2:27", "expected ‘=’, ‘,’, ‘;’, ‘asm’ or ‘__attribute__’ before ‘__ro_mostly’"),
      at_line(2, "the shim has no __ro_mostly"));
  EXPECT_EQ(in_iova("4:26", "expected ';' after top level declarator"),
            at_line(4, "the shim has no __unknown_mark"));
  EXPECT_EQ(in_iova("3:13", "expected parameter declarator"),
            at_line(3, "the shim has no early_param()"));
  EXPECT_EQ(in_iova("3:13", "expected declaration specifiers or ‘...’ before string constant"),
            at_line(3, "the shim has no early_param()"));
}

TEST_F(Refusal, SymbolIsNamed) {
  for (const char* words :
       {"implicit declaration of function 'kmem_cache_shrink' is invalid in C99",
        "implicit declaration of function ‘kmem_cache_shrink’"})
    EXPECT_EQ(in_iova("5:2", words), at_line(5, "the shim has no kmem_cache_shrink()"));
  for (const char* words : {"use of undeclared identifier 'NEW_LIMIT'",
                            "‘NEW_LIMIT’ undeclared (first use in this function)"})
    EXPECT_EQ(in_iova("6:9", words), at_line(6, "the shim has no NEW_LIMIT"));
  for (const char* words : {"unknown type name 'foo_t'", "unknown type name ‘foo_t’"})
    EXPECT_EQ(in_iova("7:2", words), at_line(7, "the shim has no foo_t"));
  EXPECT_EQ(in_iova("8:8", "no member named 'entry' in 'struct work_struct'"),
            at_line(8, "struct work_struct has no entry"));
  EXPECT_EQ(in_iova("8:8", "‘struct work_struct’ has no member named ‘entry’"),
            at_line(8, "struct work_struct has no entry"));
}

TEST_F(Refusal, SymbolThatTheLinkerMissesIsNamedWhereItIsUsed) {
  EXPECT_EQ(why_refused_for_symbol(tree(), "kmem_cache_shrink"),
            at_line(5, "the shim has no kmem_cache_shrink()"));
  EXPECT_EQ(why_refused_for_symbol(tree(), "nowhere"),
            (folder_.path() / "tree").string() + ": the shim has no nowhere");
}

TEST_F(Refusal, OtherErrorsNameTheLine) {
  EXPECT_EQ(in_iova("9:6", "expected expression"),
            at_line(9, "'x = = 1;' does not compile over the shim: expected expression"));
}

TEST_F(Refusal, GlueIsToldInTheTreesWords) {
  EXPECT_EQ(why("../glue.c", "2:23", "no member named 'depot_size' in 'struct iova_rcache'"),
            path("include/linux/iova.h") +
                ": struct iova_rcache has no depot_size, which iovafuzz reads");
  EXPECT_EQ(why("../glue.c", "3:7", "use of undeclared identifier 'IOVA_MAG_SIZE'"),
            path("drivers/iommu/iova.c") + " has no IOVA_MAG_SIZE, which iovafuzz needs");
  EXPECT_EQ(why("../glue.c", "4:27", "too many arguments to function call, expected 2, have 3",
                path("include/linux/iova.h") + ":4:7: note: 'alloc_iova' declared here"),
            path("include/linux/iova.h") +
                ":4: alloc_iova() takes arguments that iovafuzz does not support");
  EXPECT_EQ(
      why("../glue.c", "5:7",
          "static_assert failed due to requirement '30 <= 20' \"tree: "
          "IOVA_RANGE_CACHE_MAX_SIZE is more than iovafuzz takes\""),
      path("include/linux/iova.h") + ": IOVA_RANGE_CACHE_MAX_SIZE is more than iovafuzz takes");
  std::string other = why("../glue.c", "2:3", "assignment to something");
  EXPECT_TRUE(
      other.starts_with(path("drivers/iommu/iova.c") + " does not fit the code of iovafuzz"))
      << other;
}

TEST_F(Refusal, WarningsNameTheTreesFile) {
  EXPECT_EQ(warnings_in(tree(), path("drivers/iommu/iova.c") +
                                    ":7:6: warning: variable 'x' is used uninitialized whenever "
                                    "'if' condition is false [-Wsometimes-uninitialized]\n  text\n"
                                    "1 warning generated.\n"),
            std::vector<std::string>{
                at_line(7, "variable 'x' is used uninitialized whenever 'if' condition is false")});
}

TEST_F(Refusal, ProbesOwnSentenceIsTaken) {
  EXPECT_EQ(why_refused(tree(), "unsupported tree: a/b.c has no c\nCMake Error\n"),
            "a/b.c has no c");
}

}  // namespace
}  // namespace tool
