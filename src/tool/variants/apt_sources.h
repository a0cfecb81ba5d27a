// SPDX-License-Identifier: GPL-2.0-only
// The Debian mirrors that a system's apt sources name (sources.list(5)).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct DebianMirror {
  std::string uri;        // without slash at its end
  std::string signed_by;  // value of Signed-By: key files, fingerprints or a key; empty if none
  bool security;          // has the suites of the security archive, else those of the main one
};

// Mirrors that entries use for packages of Debian's suites (by code name or class, section main),
// each once, in order. Whether a repository is Debian's own, only its Release file tells.
// One-line format, as in *.list.
std::vector<DebianMirror> mirrors_in_list(std::string_view text);
// deb822 format, as in *.sources.
std::vector<DebianMirror> mirrors_in_deb822(std::string_view text);
// What apt reads: the main file, and *.list and *.sources of the folder. Unreadable ones are
// passed over.
std::vector<DebianMirror> mirrors_in_use(const std::filesystem::path& main_file,
                                         const std::filesystem::path& folder);

}  // namespace tool
