// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/apt_sources.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

std::vector<std::string> texts(const std::vector<DebianMirror>& mirrors) {
  std::vector<std::string> all;
  for (const DebianMirror& mirror : mirrors)
    all.push_back(
        fmt::format("{}|{}|{}", mirror.uri, mirror.signed_by, mirror.security ? "security" : ""));
  return all;
}
using Texts = std::vector<std::string>;

TEST(AptSources, OneLineFormat) {
  EXPECT_EQ(texts(mirrors_in_list(R"(# a comment: deb http://comment.example/debian sid main
deb http://a.example/debian/ bookworm main contrib # behind it
deb	[ arch=amd64,i386  signed-by=/keys/a.gpg ]  http://b.example/debian   stable   main
deb [signed-by=/keys/b.gpg]http://c.example/security bookworm-security main
deb http://a.example/debian bookworm-updates main
deb http://a.example/debian bullseye/updates main
deb-src http://source.example/debian bookworm main
deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main
deb http://other.example/debian nodistro main
deb http://other.example/debian bookworm stable
deb http://other.example/debian bookworm-pgdg main
deb http://other.example/debian llvm-toolchain-bookworm-18 main
deb http://flat.example/debian ./
deb
nonsense
)")),
            (Texts{"http://a.example/debian||", "http://b.example/debian|/keys/a.gpg|",
                   "http://c.example/security|/keys/b.gpg|security",
                   "http://a.example/debian||security"}));
}

TEST(AptSources, Deb822Format) {
  EXPECT_EQ(texts(mirrors_in_deb822(R"(# a comment
Types: deb deb-src
# in a stanza
URIs: http://a.example/debian/
  http://b.example/debian
Suites: bookworm
 bookworm-security
components: main non-free-firmware
Signed-By: /keys/a.gpg

Types: deb
URIs: http://c.example/debian
Suites: testing
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDME
 -----END PGP PUBLIC KEY BLOCK-----


Types: deb
URIs: http://off.example/debian
Suites: testing
Components: main
Enabled: No

Types: deb-src
URIs: http://source.example/debian
Suites: testing
Components: main

Types: deb
URIs: http://other.example/apt
Suites: nodistro
Components: main

Types: deb
URIs: http://last.example/debian
Suites: sid
Components: main)")),
            (Texts{"http://a.example/debian|/keys/a.gpg|", "http://b.example/debian|/keys/a.gpg|",
                   "http://a.example/debian|/keys/a.gpg|security",
                   "http://b.example/debian|/keys/a.gpg|security",
                   "http://c.example/debian|\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDME\n"
                   " -----END PGP PUBLIC KEY BLOCK-----|",
                   "http://last.example/debian||"}));
}

TEST(AptSources, FilesThatAptReads) {
  TemporaryFolder folder;
  fs::create_directory(folder.path() / "d");
  folder.write("d/b.list", "deb http://b.example/debian sid main\n");
  folder.write("d/a.sources",
               "Types: deb\nURIs: http://a.example/debian\nSuites: sid\nComponents: main\n");
  folder.write("d/c.list.off", "deb http://c.example/debian sid main\n");
  fs::create_directory(folder.path() / "d/folder.list");
  fs::path main_file = folder.path() / "sources.list", parts = folder.path() / "d";
  EXPECT_EQ(texts(mirrors_in_use(main_file, parts)),
            (Texts{"http://a.example/debian||", "http://b.example/debian||"}));
  folder.write("sources.list", "deb http://b.example/debian/ trixie main\n");
  EXPECT_EQ(texts(mirrors_in_use(main_file, parts)),
            (Texts{"http://b.example/debian||", "http://a.example/debian||"}));
  EXPECT_EQ(texts(mirrors_in_use(folder.path() / "none", folder.path() / "none")), Texts{});
}

}  // namespace
}  // namespace tool
