// SPDX-License-Identifier: GPL-2.0-only
// Trees from Debian's linux-source packages, kept in a cache that all builds share. The system's
// own package state is read, never changed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct DebianTree {
  std::filesystem::path folder;  // absolute, without symbolic links; has what kernel_files() needs
  std::string version;           // of the package
};

// The system that packages come from, and where trees are kept.
struct DebianPlaces {
  std::filesystem::path cache;
  std::filesystem::path installed;        // where linux-source packages leave their tarballs
  std::vector<std::string> apt_options;   // for every apt command: another system than this one
  std::vector<std::string> dpkg_options;  // likewise, for dpkg-query
};
DebianPlaces debian_places();  // this system's, with the cache beside the build folder

// The tree of linux-source-VERSION (like "6.12"): from the cache, unless the system's package has
// moved on since; else from the installed package, the system's suites, or other suites on the
// Debian mirrors that the system uses. Processes take turns. Slow steps are told on stderr.
// Throws Failure; what was in the cache stays then, and is used if only its successor can't be had.
DebianTree debian_tree(const std::string& version, const DebianPlaces& places = debian_places());

// All of the newest linux-source-VERSION that can be had, in a new folder. Throws Failure.
void unpack_debian_source(const std::string& version, const std::filesystem::path& folder,
                          const DebianPlaces& places = debian_places());

}  // namespace tool
