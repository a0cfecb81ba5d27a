// SPDX-License-Identifier: GPL-2.0-only
// Trees from Debian's linux-source packages, in a cache that all builds share. The state of the
// system's package manager is read, never changed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct DebianTree {
  std::filesystem::path folder;  // absolute, without symbolic links; has what kernel_files() needs
  std::string version;           // of the Debian package
};

// The system that packages come from, and the cache of trees.
struct DebianPlaces {
  std::filesystem::path cache;
  std::filesystem::path installed;  // folder where linux-source packages install their tarballs
  std::vector<std::string> apt_options;   // for every apt command, to use another system
  std::vector<std::string> dpkg_options;  // likewise, for dpkg-query
};
DebianPlaces debian_places();  // this system, with the cache beside the build folder

// The tree of linux-source-VERSION ("6.12"): from the cache, unless the system offers another
// version now; else from the installed package, the system's suites, or other suites on the Debian
// mirrors that the system uses. Processes take turns. Slow steps are reported on stderr. Throws
// Failure. If a cached tree cannot be replaced, it stays and is used.
DebianTree debian_tree(const std::string& version, const DebianPlaces& places = debian_places());

// Unpacks the whole of the newest linux-source-VERSION available into a new folder. Throws Failure.
void unpack_debian_source(const std::string& version, const std::filesystem::path& folder,
                          const DebianPlaces& places = debian_places());

}  // namespace tool
