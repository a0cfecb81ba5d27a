// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/kernel_tree.h"

#include <fmt/core.h>
#include <unistd.h>

#include <regex>

#include "tool/support/command_test.h"
#include "tool/support/hash.h"
#include "tool/variants/made_up_tree_test.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

std::string failure_of_spec(const std::string& spec) {
  return failure_of([&] { find_kernel_tree(spec); });
}

TEST(KernelTree, PathIsTakenWithWhatIsNeeded) {
  TemporaryFolder folder;
  make_tree(folder.path() / "my linux+", "here", "include/linux/rbtree_types.h");
  fs::create_directory_symlink("my linux+", folder.path() / "link");
  KernelTree tree = find_kernel_tree((folder.path() / "my linux+").string());
  EXPECT_EQ(tree.folder, fs::canonical(folder.path() / "my linux+"));
  EXPECT_EQ(tree.title, tree.folder.string());
  EXPECT_TRUE(std::regex_match(tree.name, std::regex("linux-my_linux_-[0-9a-f]{8}"))) << tree.name;
  for (const char* other : {"my linux+/", "link", "link/../link/."})
    EXPECT_EQ(find_kernel_tree((folder.path() / other).string()).name, tree.name) << other;
  make_tree(folder.path() / "b/my linux+", "there");
  EXPECT_NE(find_kernel_tree((folder.path() / "b/my linux+").string()).name, tree.name);
}

TEST(KernelTree, NamesStayTheSame) {
  TemporaryFolder folder;
  make_tree(folder.path() / "linux", "here");
  std::string name = find_kernel_tree((folder.path() / "linux").string()).name;
  std::string path = fs::canonical(folder.path() / "linux").string();
  EXPECT_EQ(name, "linux-linux-" + content_hash(path).substr(0, 8));
  EXPECT_EQ(content_hash("linux"), "5cad04a9f1a5d05d");  // names of old build folders have it
}

TEST(KernelTree, WhatIsNoTreeIsToldInASentence) {
  TemporaryFolder folder;
  std::string path = folder.path().string();
  for (const char* meant : {"debian:6.12", "--revision 6.12"})
    EXPECT_NE(failure_of_spec("6.12").find(meant), std::string::npos) << failure_of_spec("6.12");
  EXPECT_NE(failure_of_spec("v5.10.3").find("debian:5.10"), std::string::npos);
  EXPECT_EQ(failure_of_spec(path + "/none"), path + "/none: No such file or directory");
  EXPECT_EQ(failure_of_spec(""), "--kernel needs a path or debian:VERSION");
  std::string file = folder.write("file", "x");
  EXPECT_EQ(failure_of_spec(file), file + ": is not a folder: --kernel needs a Linux source tree");
  for (const KernelFile& needed : kernel_files()) {
    if (!needed.required) continue;
    fs::remove_all(folder.path() / "tree");
    make_tree(folder.path() / "tree", "here", needed.path);
    EXPECT_EQ(failure_of_spec(path + "/tree"),
              path + "/tree: has no " + needed.path + ": --kernel needs a Linux source tree");
    // A folder of that name does not count as the file.
    fs::create_directories(folder.path() / "tree" / needed.path);
    EXPECT_NE(failure_of_spec(path + "/tree").find("has no"), std::string::npos);
  }
}

TEST(KernelTree, UnreadableFileIsRefused) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read anything";
  TemporaryFolder folder;
  make_tree(folder.path(), "here");
  fs::path file = fs::canonical(folder.path()) / "lib/rbtree.c";
  fs::permissions(file, fs::perms::none);
  EXPECT_EQ(failure_of_spec(folder.path().string()), file.string() + ": Permission denied");
}

TEST(KernelTree, MalformedDebianVersionsAreToldTheForm) {
  for (const char* spec : {"debian:", "debian:6", "debian:6.12.1", "debian:trixie", "debian:6.1 ",
                           "debian:../6.1", "debian:6.1/..", "debian:123456.1"})
    EXPECT_EQ(failure_of_spec(spec),
              std::string("--kernel ") + spec + ": use the form debian:6.12");
}

// The only test with real packages: needs them installed, or the network.
TEST(KernelTree, DebianVersionsAreFetched) {
  for (const char* version : {"6.1", "6.12"}) {
    KernelTree tree = find_kernel_tree(std::string("debian:") + version);
    EXPECT_EQ(tree.name, std::string("debian-") + version);
    EXPECT_TRUE(tree.title.starts_with(fmt::format("debian:{0} ({0}.", version))) << tree.title;
    EXPECT_NE(read_file(tree.folder / "drivers/iommu/iova.c").find("iova_domain_init_rcaches"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace tool
