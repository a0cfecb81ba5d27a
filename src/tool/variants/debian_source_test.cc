// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/debian_source.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "tool/support/command_test.h"
#include "tool/variants/made_up_tree_test.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

void must(const std::vector<std::string>& words) {
  CommandResult result = run_command(words, false);
  ASSERT_EQ(result.status, 0) << words[0] << ": " << result.output;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

// A separate system: apt and dpkg keep their state below a folder, which also has a repository.
class DebianSource : public testing::Test {
 protected:
  void SetUp() override {
    if (run_command({"sh", "-c", "command -v apt-get dpkg-deb"}, false).status)
      GTEST_SKIP() << "no apt here";
    for (const char* name : {"cache", "installed", "dpkg", "etc/sources.list.d",
                             "state/lists/partial", "archives/partial"})
      fs::create_directories(root() / name);
    folder_.write("dpkg/status", "");
    // Without the hooks of the host system.
    std::string conf = folder_.write("apt.conf", fmt::format(R"(
Dir::Etc "{0}/etc";
Dir::Etc::TrustedParts "trusted.gpg.d";
Dir::State "{0}/state";
Dir::State::Lists "lists";
Dir::State::Status "{0}/dpkg/status";
Dir::Cache "{0}";
Dir::Cache::Archives "archives";
APT::Sandbox::User "root";
Acquire::http::Proxy "DIRECT";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
)",
                                                             root().string()));
    places_ = {root() / "cache",
               root() / "installed",
               {"-c", conf},
               {"--admindir=" + (root() / "dpkg").string()}};
    architecture_ = run_command({"dpkg", "--print-architecture"}, false).output;
    architecture_.pop_back();
  }

  fs::path root() const { return folder_.path(); }
  DebianTree fetch() { return debian_tree("9.9", places_); }
  std::string failure() {
    return failure_of([&] { fetch(); });
  }

  void make_tarball(const fs::path& path, const std::string& mark, const std::string& without) {
    fs::remove_all(root() / "made");
    make_tree(root() / "made/linux-source-9.9", mark, without);
    make_tree(root() / "made/linux-source-9.9/tools", "tools");
    fs::create_directories(path.parent_path());
    must({"tar", "-C", (root() / "made").string(), "-cJf", path.string(), "linux-source-9.9"});
  }
  // Simulates an installed package.
  void install(const std::string& version, const std::string& without = "") {
    make_tarball(tarball(), version, without);
    folder_.write("dpkg/status", fmt::format("{}Status: install ok installed\n", control(version)));
  }
  fs::path tarball() const { return root() / "installed/linux-source-9.9.tar.xz"; }

  static std::string control(const std::string& version) {
    return fmt::format("Package: linux-source-9.9\nVersion: {}\nArchitecture: all\n"
                       "Maintainer: nobody <nobody@invalid>\nDescription: made up\n",
                       version);
  }

  // Builds the package, and a suite of the repository that lists it.
  void publish(const std::string& suite, const std::string& version,
               const std::string& origin = "Debian") {
    fs::path package = root() / "package";
    fs::remove_all(package);
    make_tarball(package / "usr/src/linux-source-9.9.tar.xz", version, "");
    fs::create_directories(package / "DEBIAN");
    write_file(package / "DEBIAN/control", control(version));
    fs::create_directories(root() / "repository/pool");
    deb_ = root() / "repository/pool" / fmt::format("linux-source-9.9_{}_all.deb", version);
    must({"dpkg-deb", "--root-owner-group", "--build", package.string(), deb_.string()});
    write_lists(suite,
                fmt::format("{}Filename: pool/{}\nSize: {}\nSHA256: {}\n", control(version),
                            deb_.filename().string(), fs::file_size(deb_), sha256(deb_)),
                origin);
  }
  void write_lists(const std::string& suite, const std::string& packages,
                   const std::string& origin = "Debian") {
    fs::path dist = root() / "repository/dists" / suite;
    std::string list = fmt::format("main/binary-{}/Packages", architecture_);
    fs::create_directories((dist / list).parent_path());
    write_file(dist / list, packages);
    std::string date = run_command({"env", "LC_ALL=C", "date", "-Ru"}, false).output;
    write_file(dist / "Release",
               fmt::format("Origin: {}\nLabel: made up\nSuite: {}\nCodename: {}\nDate: {}"
                           "Architectures: all {}\nComponents: main\nSHA256:\n {} {} {}\n",
                           origin, suite, suite, date, architecture_, sha256(dist / list),
                           packages.size(), list));
    if (!fs::exists(root() / "keys")) return;
    fs::remove(dist / "InRelease");
    must({"gpg", "--homedir", (root() / "keys").string(), "--batch", "--output",
          (dist / "InRelease").string(), "--clearsign", (dist / "Release").string()});
    fs::remove(dist / "Release");
  }
  static std::string sha256(const fs::path& file) {
    return run_command({"sha256sum", file.string()}, false).output.substr(0, 64);
  }

  // Sets the sources of the system.
  void use(const std::string& lines) { folder_.write("etc/sources.list", lines); }
  void update_system() { must({"apt-get", "-c", places_.apt_options[1], "update"}); }

  // Makes a key; returns whether the repository can be signed. The public key goes to "key.gpg".
  bool make_key() {
    fs::create_directory(root() / "keys");
    fs::permissions(root() / "keys", fs::perms::owner_all);
    std::string home = (root() / "keys").string();
    bool made = run_command({"gpg", "--homedir", home, "--batch", "--passphrase", "",
                             "--quick-gen-key", "nobody@invalid", "rsa3072", "sign", "never"},
                            false)
                        .status == 0 &&
                run_command({"gpg", "--homedir", home, "--batch", "--output",
                             (root() / "key.gpg").string(), "--export"},
                            false)
                        .status == 0;
    if (!made) fs::remove_all(root() / "keys");
    return made;
  }
  void TearDown() override {
    if (fs::exists(root() / "keys"))
      run_command({"gpgconf", "--homedir", (root() / "keys").string(), "--kill", "all"}, false);
  }
  std::string signed_source(const std::string& suite) {
    return fmt::format("deb [signed-by={0}/key.gpg] file:{0}/repository {1} main\n",
                       root().string(), suite);
  }

  void expect_tree(const DebianTree& tree, const std::string& version) {
    EXPECT_EQ(tree.version, version);
    EXPECT_EQ(tree.folder, fs::canonical(places_.cache) / "debian-9.9");
    for (const KernelFile& file : kernel_files())
      EXPECT_EQ(read_file(tree.folder / file.path), content_of(file.path, version));
    EXPECT_FALSE(fs::exists(tree.folder / "tools"));
    expect_no_remains();
  }
  void expect_no_remains() {
    for (const std::string& name : names_in(places_.cache))
      EXPECT_TRUE(name == "lock" || name == "apt" || name == "debian-9.9") << name;
  }

  TemporaryFolder folder_;
  DebianPlaces places_;
  std::string architecture_;
  fs::path deb_;
};

TEST_F(DebianSource, InstalledPackageIsUnpackedOnce) {
  install("9.9.1-1");
  expect_tree(fetch(), "9.9.1-1");
  write_file(tarball(), "no longer of use");
  expect_tree(fetch(), "9.9.1-1");
}

TEST_F(DebianSource, OldTreesLackSomeFiles) {
  install("9.9.1-1", "include/linux/rbtree_types.h");
  DebianTree tree = fetch();
  EXPECT_FALSE(fs::exists(tree.folder / "include/linux/rbtree_types.h"));
  EXPECT_TRUE(fs::exists(tree.folder / "lib/rbtree.c"));
}

TEST_F(DebianSource, PackageThatMovedOnIsUnpackedAnewWithNewTimes) {
  install("9.9.1-1");
  DebianTree tree = fetch();
  auto before = fs::last_write_time(tree.folder / "lib/rbtree.c");
  install("9.9.2-1");
  expect_tree(fetch(), "9.9.2-1");
  EXPECT_GT(fs::last_write_time(tree.folder / "lib/rbtree.c"), before);
  // A downgrade is noticed, too.
  install("9.9.1-1");
  expect_tree(fetch(), "9.9.1-1");
}

TEST_F(DebianSource, CachedTreeStaysIfItsSuccessorCannotBeUnpacked) {
  install("9.9.1-1");
  fetch();
  install("9.9.2-1");
  write_file(tarball(), "cut off");
  expect_tree(fetch(), "9.9.1-1");
}

TEST_F(DebianSource, FailedFetchLeavesNothing) {
  install("9.9.1-1", "include/linux/iova.h");
  EXPECT_EQ(failure(), "linux-source-9.9 has no include/linux/iova.h");
  EXPECT_EQ(names_in(places_.cache), std::set<std::string>{"lock"});
  install("9.9.1-1");
  fs::resize_file(tarball(), fs::file_size(tarball()) / 2);
  EXPECT_TRUE(failure().starts_with("cannot unpack linux-source-9.9: ")) << failure();
  EXPECT_EQ(names_in(places_.cache), std::set<std::string>{"lock"});
}

TEST_F(DebianSource, IncompleteTreeInTheCacheIsReplaced) {
  install("9.9.1-1");
  DebianTree tree = fetch();
  fs::remove(tree.folder / "include/linux/iova.h");
  expect_tree(fetch(), "9.9.1-1");
}

// Fetches in a child process; its exit status is 0 if it gets the tree.
pid_t fetch_in_child(const DebianPlaces& places) {
  pid_t pid = fork();
  if (pid) return pid;
  try {
    debian_tree("9.9", places);
  } catch (...) {
    _exit(1);
  }
  _exit(0);
}

TEST_F(DebianSource, KilledFetchLeavesNothingHalf) {
  install("9.9.1-1");
  fs::remove(tarball());
  ASSERT_EQ(mkfifo(tarball().c_str(), 0600), 0);
  pid_t pid = fetch_in_child(places_);
  // fopen() returns once tar opens the other end of the pipe, half-way through the fetch.
  FILE* archive = fopen(tarball().c_str(), "w");
  ASSERT_TRUE(archive);
  EXPECT_EQ(names_in(places_.cache).size(), 2u);  // the lock and the unfinished tree
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  fclose(archive);
  EXPECT_FALSE(fs::exists(places_.cache / "debian-9.9"));
  fs::remove(tarball());
  install("9.9.1-1");
  expect_tree(fetch(), "9.9.1-1");
}

TEST_F(DebianSource, ProcessesTakeTurns) {
  install("9.9.1-1");
  pid_t children[4];
  for (pid_t& child : children) child = fetch_in_child(places_);
  for (pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  expect_tree(fetch(), "9.9.1-1");
}

TEST_F(DebianSource, SystemsSuitesHaveItWhereItIsNotInstalled) {
  publish("bookworm", "9.9.1-1");
  // The system trusts the source, so no signature is demanded.
  use(fmt::format("deb [trusted=yes] file:{}/repository bookworm main\n", root().string()));
  update_system();
  expect_tree(fetch(), "9.9.1-1");
  EXPECT_TRUE(fs::exists(deb_));
  // The archive moves on; the system learns of it with an update.
  fs::remove(deb_);
  publish("bookworm", "9.9.2-1");
  expect_tree(fetch(), "9.9.1-1");
  update_system();
  expect_tree(fetch(), "9.9.2-1");
  // The archive moves on, but the new package cannot be downloaded.
  publish("bookworm", "9.9.3-1");
  update_system();
  fs::remove(deb_);
  expect_tree(fetch(), "9.9.2-1");
}

TEST_F(DebianSource, OtherSuitesOfTheSystemsMirrorAreSearched) {
  if (!make_key()) GTEST_SKIP() << "no gpg here";
  publish("trixie-backports", "9.9.1-1");
  write_lists("bookworm", "");
  use(signed_source("bookworm"));
  update_system();
  expect_tree(fetch(), "9.9.1-1");
  EXPECT_TRUE(names_in(root() / "state/lists").size() > 2);
  for (const std::string& name : names_in(root() / "state/lists"))
    EXPECT_EQ(name.find("trixie"), std::string::npos) << "the system's state: " << name;
  // The cached tree stays, even if the suite changes, until its folder is removed.
  publish("trixie-backports", "9.9.2-1");
  expect_tree(fetch(), "9.9.1-1");
  fs::remove_all(places_.cache / "debian-9.9");
  expect_tree(fetch(), "9.9.2-1");
}

TEST_F(DebianSource, SuiteThatHadItIsTriedFirst) {
  if (!make_key()) GTEST_SKIP() << "no gpg here";
  publish("sid", "9.9.1-1");
  use(signed_source("bookworm"));
  expect_tree(fetch(), "9.9.1-1");
  publish("trixie-backports", "9.9.0-1");
  fs::remove_all(places_.cache / "debian-9.9");
  expect_tree(fetch(), "9.9.1-1");
  fs::remove_all(places_.cache);
  expect_tree(fetch(), "9.9.0-1");
}

TEST_F(DebianSource, SystemsListsThatAreOutOfDateAreMadeUpFor) {
  if (!make_key()) GTEST_SKIP() << "no gpg here";
  publish("bookworm", "9.9.1-1");
  use(signed_source("bookworm"));
  update_system();
  fs::remove(deb_);
  publish("bookworm", "9.9.2-1");
  expect_tree(fetch(), "9.9.2-1");
  // The system still offers the older version; that is no reason to fetch again.
  fs::remove(deb_);
  fs::last_write_time(root() / "state/lists", fs::file_time_type::clock::now());
  expect_tree(fetch(), "9.9.2-1");
}

TEST_F(DebianSource, OnlyWhatDebianSignedIsTaken) {
  publish("trixie-backports", "9.9.1-1");
  use(fmt::format("deb [trusted=yes] file:{}/repository bookworm main\n", root().string()));
  EXPECT_NE(failure().find("is not signed"), std::string::npos) << failure();
  if (!make_key()) GTEST_SKIP() << "no gpg here";
  // Signed by a key that the system's source does not name.
  publish("trixie-backports", "9.9.1-1");
  EXPECT_NE(failure().find("is not signed"), std::string::npos) << failure();
  // Signed, but the package is not the one listed.
  use(signed_source("bookworm"));
  fs::resize_file(deb_, fs::file_size(deb_) + 1);
  EXPECT_TRUE(failure().starts_with("cannot fetch linux-source-9.9: ")) << failure();
  // Signed by another origin, whose key the system trusts for this source.
  publish("trixie-backports", "9.9.1-1", "Somebody");
  EXPECT_NE(failure().find("is not a Debian mirror"), std::string::npos) << failure();
  EXPECT_FALSE(fs::exists(places_.cache / "debian-9.9"));
  expect_no_remains();
  publish("trixie-backports", "9.9.1-1");
  expect_tree(fetch(), "9.9.1-1");
}

TEST_F(DebianSource, MissingPackageIsToldWithTheSuitesSearched) {
  if (!make_key()) GTEST_SKIP() << "no gpg here";
  write_lists("bookworm", "");
  write_lists("sid", "");
  use(signed_source("bookworm"));
  EXPECT_EQ(failure(),
            "package linux-source-9.9 is neither in the system's suites nor in bookworm, sid");
  expect_no_remains();
}

TEST_F(DebianSource, PackageWithTheNameInItsOwnIsNotTaken) {
  if (!make_key()) GTEST_SKIP() << "no gpg here";
  std::string longer = control("9.91.1-1");
  longer.replace(longer.find("9.9"), 3, "9.91");
  write_lists("bookworm",
              longer + "Filename: pool/none.deb\nSize: 1\nSHA256: " + std::string(64, '0') + "\n");
  use(signed_source("bookworm"));
  update_system();
  EXPECT_EQ(failure(),
            "package linux-source-9.9 is neither in the system's suites nor in bookworm");
  expect_no_remains();
}

TEST_F(DebianSource, SystemWithoutDebianMirrorsSaysSo) {
  use("deb http://127.0.0.1:1/other nodistro main\n");
  EXPECT_EQ(failure(), "package linux-source-9.9 is not in the system's suites, and no apt "
                       "source is a Debian mirror");
}

TEST_F(DebianSource, UnreachableMirrorIsTold) {
  // Nobody listens there.
  use("deb http://127.0.0.1:1/debian bookworm main\n");
  std::string sentence = failure();
  EXPECT_TRUE(sentence.starts_with("cannot fetch linux-source-9.9: Failed to fetch http://127."))
      << sentence;
  EXPECT_NE(sentence.find("Could not connect"), std::string::npos) << sentence;
  EXPECT_EQ(sentence.find('\n'), std::string::npos);
  expect_no_remains();
}

TEST_F(DebianSource, SystemWithoutAptSaysSo) {
  std::string path = getenv("PATH");
  setenv("PATH", root().c_str(), 1);
  std::string sentence = failure();
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(sentence, "--kernel debian:9.9 needs dpkg-query, which is not installed: give the path "
                      "of a Linux source tree instead");
}

}  // namespace
}  // namespace tool
