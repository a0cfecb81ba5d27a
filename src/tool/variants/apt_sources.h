// SPDX-License-Identifier: GPL-2.0-only
// The Debian mirrors that a system's apt sources name (sources.list(5)).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct DebianMirror {
  std::string uri;        // without a trailing slash
  std::string signed_by;  // value of Signed-By: key files, fingerprints or a key; empty for none
  bool security;          // of the security archive; else of the main archive
};

// Mirrors that entries use for packages of Debian's suites (by code name or class, section main),
// each listed once, in order. Only its Release file shows whether a repository is Debian's own.
// mirrors_in_list() reads the one-line format of *.list.
std::vector<DebianMirror> mirrors_in_list(std::string_view text);
// deb822 format, as in *.sources.
std::vector<DebianMirror> mirrors_in_deb822(std::string_view text);
// Mirrors of all files that apt reads: the main file, then *.list and *.sources of the folder.
// Unreadable files are skipped.
std::vector<DebianMirror> mirrors_in_use(const std::filesystem::path& main_file,
                                         const std::filesystem::path& folder);

}  // namespace tool
