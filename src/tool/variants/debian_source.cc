// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/debian_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <sstream>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/words.h"
#include "tool/variants/apt_sources.h"
#include "tool/variants/kernel_tree.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

using Words = std::vector<std::string>;

// Suites that are searched for a version that the system's own suites lack, in this order. The
// security archive and backports come first: their package lists take half a megabyte where those
// of whole releases take ten, and they have the newest package of each version. A suite that a
// mirror lacks is skipped.
struct Suite {
  const char* name;
  bool security;  // of the security archive; else of the main archive
};
constexpr Suite suites[] = {
    {"trixie-backports", false},
    {"trixie-security", true},
    {"bookworm-security", true},
    {"bullseye-security", true},
    {"bookworm-backports", false},
    {"trixie", false},
    {"bookworm", false},
    {"bullseye", false},
    {"forky", false},
    {"sid", false},
    {"experimental", false},
};

constexpr const char debian_keyring[] = "/usr/share/keyrings/debian-archive-keyring.gpg";

void say(const std::string& line) { fmt::print(stderr, "iovafuzz: {}\n", line); }

// Runs with English output, because the output is parsed.
CommandResult run(Words words, const fs::path& folder = {}) {
  Words all{"env"};
  if (!folder.empty()) all.insert(all.end(), {"-C", folder.string()});
  all.push_back("LC_ALL=C");
  all.insert(all.end(), words.begin(), words.end());
  return run_command(all, false);
}

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// The last error of apt that gives a reason.
std::string last_error(const CommandResult& result) {
  std::string error = fmt::format("apt-get ended with status {}", result.status);
  for (const std::string& line : lines_of(result.output))
    if (line.starts_with("E: ") && !contains(line, "Some index files failed to download"))
      error = line.substr(3);
  return error;
}

void need_tools(const std::string& version) {
  for (const char* tool :
       {"dpkg-query", "dpkg-deb", "apt-get", "apt-cache", "apt-config", "tar", "xz"}) {
    const char* path = getenv("PATH");
    std::istringstream folders(path ? path : "/usr/bin:/bin");
    bool found = false;
    for (std::string folder; std::getline(folders, folder, ':');)
      found |= access((fs::path(folder) / tool).c_str(), X_OK) == 0;
    if (!found)
      throw Failure(fmt::format("--kernel debian:{} needs {}, which is not installed: give the "
                                "path of a Linux source tree instead",
                                version, tool));
  }
}

// A temporary folder inside the cache, where a tree is made. Folders that killed processes left are
// removed first.
class Workplace {
 public:
  static constexpr char prefix[] = ".new-";
  explicit Workplace(const fs::path& cache) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(cache, ignored))
      if (entry.path().filename().string().starts_with(prefix))
        fs::remove_all(entry.path(), ignored);
    std::string name = (cache / (std::string(prefix) + "XXXXXX")).string();
    if (!mkdtemp(name.data()))
      throw Failure(fmt::format("{}: {}", cache.string(), strerror(errno)));
    path_ = name;
  }
  ~Workplace() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

// Two files that are stored beside a cached tree: the package's version, and the version that the
// system offered at that time (installed or candidate; empty for none), to notice when the system
// offers another. The two differ if the system's lists were out of date.
constexpr const char version_file[] = "package_version", offered_file[] = "offered";

struct Cached {
  std::string version, offered;
};

std::optional<Cached> read_cached(const fs::path& folder) {
  for (const KernelFile& file : kernel_files())
    if (std::error_code error; file.required && !fs::is_regular_file(folder / file.path, error))
      return {};
  try {
    Cached cached{read_file(folder / version_file), read_file(folder / offered_file)};
    if (cached.version.empty()) return {};
    return cached;
  } catch (const Failure&) {
    return {};
  }
}

// One linux-source package, and the ways to get it.
class Source {
 public:
  Source(const std::string& version, const DebianPlaces& places)
      : places_(places), package_("linux-source-" + version) {
    CommandResult result = run(Words{"dpkg-query"} + places.dpkg_options +
                               Words{"-W", "-f=${db:Status-Status} ${Version}", package_});
    std::string installed = "installed ";
    std::error_code error;
    if (result.status == 0 && result.output.starts_with(installed) && fs::exists(tarball(), error))
      installed_ = result.output.substr(installed.size());
  }

  // The version that the system offers; empty for none.
  const std::string& offered() {
    if (!installed_.empty()) return installed_;
    if (!candidate_) candidate_ = candidate(places_.apt_options);
    return *candidate_;
  }
  // Whether the system may offer another version than when the file was written. Asking apt for its
  // candidate takes up to a second, and apt's lists change only with an update.
  bool may_have_moved(const fs::path& since) const {
    if (!installed_.empty()) return true;
    std::error_code error;
    auto lists = fs::last_write_time(apt_config("Dir::State::lists/d"), error);
    return error || lists >= fs::last_write_time(since, error) || error;
  }

  // Unpacks a tree into the folder "tree" of a workplace and returns the package's version. Other
  // suites are searched only if there is no cached tree to fall back on.
  std::string fetch(const Workplace& work, bool is_cached) {
    if (!installed_.empty()) {
      say(fmt::format("unpacking {} {} ...", package_, installed_));
      unpack(tarball(), work / "tree");
      return installed_;
    }
    download(work, is_cached);
    const auto [archive, version] = extract_archive(work);
    unpack(archive, work / "tree");
    return version;
  }

  // Unpacks the whole package into the folder.
  void fetch_all(const Workplace& work, const fs::path& folder) {
    fs::path archive = tarball();
    if (installed_.empty()) {
      download(work, false);
      archive = extract_archive(work).first;
    }
    say(fmt::format("unpacking all of {} ...", package_));
    make_folder(folder);
    CommandResult result = run({"tar", "-I", "xz -T0", "-xf", archive.string(), "-C",
                                folder.string(), "--strip-components=1", "--no-same-owner"});
    if (result.status) throw cannot_unpack(result);
  }

 private:
  fs::path tarball() const { return places_.installed / (package_ + ".tar.xz"); }

  std::string apt_config(const char* key) const {
    CommandResult result =
        run(Words{"apt-config"} + places_.apt_options + Words{"shell", "V", key});
    // V='value'
    size_t first = result.output.find('\''), last = result.output.rfind('\'');
    return first == last ? "" : result.output.substr(first + 1, last - first - 1);
  }

  std::string candidate(const Words& options) const {
    CommandResult result = run(Words{"apt-cache"} + options + Words{"policy", package_});
    static const std::string key = "  Candidate: ";
    // If there is no such package, apt lists packages whose names contain this one: for 6.1, that
    // of 6.12.
    bool is_meant = false;
    for (const std::string& line : lines_of(result.output)) {
      if (!line.starts_with(' ')) is_meant = line == package_ + ":";
      if (is_meant && line.starts_with(key) && line != key + "(none)")
        return line.substr(key.size());
    }
    return "";
  }

  void unpack(const fs::path& archive, const fs::path& tree) const {
    make_folder(tree);
    Words members;
    for (const KernelFile& file : kernel_files()) members.push_back(package_ + "/" + file.path);
    // Files get the current time, so that a build notices a replaced tree.
    CommandResult result = run(Words{"tar", "-I", "xz -T0", "-xf", archive.string(), "-C",
                                     tree.string(), "--strip-components=1", "--no-same-owner",
                                     "--no-same-permissions", "--touch", "--"} +
                               members);
    if (result.status) {
      for (const std::string& line : lines_of(result.output))
        if (!line.ends_with(": Not found in archive") && !contains(line, "Exiting with failure"))
          throw Failure(fmt::format("cannot unpack {}: {}", package_, line));
    }
    for (const KernelFile& file : kernel_files())
      if (file.required && !fs::is_regular_file(tree / file.path))
        throw Failure(fmt::format("{} has no {}", package_, file.path));
  }

  Failure cannot_unpack(const CommandResult& result) const {
    Words lines = lines_of(result.output);
    return Failure(fmt::format("cannot unpack {}: {}", package_,
                               lines.empty() ? "no reason was given" : lines[0]));
  }

  // Extracts the tarball from the .deb of a workplace. Returns its path and the package's version.
  std::pair<fs::path, std::string> extract_archive(const Workplace& work) const {
    fs::path deb;
    for (const auto& entry : fs::directory_iterator(work / "download"))
      if (entry.path().extension() == ".deb") deb = entry.path();
    CommandResult result = run({"dpkg-deb", "--field", deb.string(), "Version"});
    Words version = lines_of(result.output);
    if (result.status || version.size() != 1) throw cannot_unpack(result);
    say(fmt::format("unpacking {} {} ...", package_, version[0]));
    result = run({"dpkg-deb", "-x", deb.string(), (work / "package").string()});
    if (result.status) throw cannot_unpack(result);
    fs::remove(deb);
    std::string archive = "usr/src/" + package_ + ".tar.xz";
    if (!fs::exists(work / "package" / archive))
      throw Failure(fmt::format("{} {} has no {}", package_, version[0], archive));
    return {work / "package" / archive, version[0]};
  }

  // Puts the .deb into the folder "download" of a workplace.
  void download(const Workplace& work, bool is_cached) {
    make_folder(work / "download");
    std::string system_error;
    if (const std::string& version = offered(); !version.empty()) {
      say(fmt::format("fetching {} {} ...", package_, version));
      CommandResult result =
          run(Words{"apt-get", "-q"} + places_.apt_options +
                  Words{"-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=1", "download",
                        package_ + "=" + version},
              work / "download");
      if (result.status == 0) return;
      // The archive may have moved on since the system's lists were made; lists of other suites are
      // fetched anew.
      system_error = fmt::format("cannot fetch {}: {}", package_, last_error(result));
      if (is_cached) throw Failure(system_error);
    }
    try {
      download_from_other_suites(work);
    } catch (const Failure&) {
      if (system_error.empty()) throw;
      throw Failure(system_error);
    }
  }

  void download_from_other_suites(const Workplace& work);
  enum class Reading { done, no_suite, bad_suite, bad_mirror };
  Reading read_suite(const DebianMirror& mirror, const Suite& suite, std::string& error);
  // Sets up a private apt with a single source, in the folder "apt" of a workplace.
  void make_own_apt(const Workplace& work);

  const DebianPlaces& places_;
  const std::string package_;
  std::string installed_;                 // version; empty if not installed
  std::optional<std::string> candidate_;  // set by offered()
  // Of the private apt:
  Words own_apt_;  // its options
  fs::path source_file_;
  std::string architecture_;
};

// Settings not listed here keep the system's values: proxies, for instance.
void Source::make_own_apt(const Workplace& work) {
  fs::path state = work / "apt";
  make_folder(state / "lists/partial");
  make_folder(state / "archives/partial");
  source_file_ = state / "debian.sources";
  own_apt_ = places_.apt_options + Words{"-c", (state / "apt.conf").string()};
  architecture_ = apt_config("APT::Architecture");
  write_file(state / "apt.conf", fmt::format(R"(# One source, and a state of its own.
Dir::Etc::SourceList "{source}";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{state}";
Dir::State::Lists "lists";
Dir::State::Status "/dev/null";
Dir::Cache "{state}";
Dir::Cache::Archives "archives";
APT::Default-Release "";
APT::Update::Error-Mode "any";
# Another user could not write here.
APT::Sandbox::User "root";
# Only what Debian signed.
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::PDiffs "false";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
# The system's hooks are for its own state.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
)",
                                             fmt::arg("source", source_file_.string()),
                                             fmt::arg("state", state.string())));
}

// Makes this suite the private apt's only source, and reads its package list.
Source::Reading Source::read_suite(const DebianMirror& mirror, const Suite& suite,
                                   std::string& error) {
  std::string key = mirror.signed_by;
  if (key.empty() && fs::exists(debian_keyring)) key = debian_keyring;
  write_file(
      source_file_,
      fmt::format("Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nTargets: Packages\n"
                  "Architectures: {}\n{}{}\n",
                  mirror.uri, suite.name, architecture_, key.empty() ? "" : "Signed-By: ", key));
  CommandResult result = run(Words{"apt-get", "-q"} + own_apt_ + Words{"update"});
  if (result.status) {
    error = last_error(result);
    if (contains(error, "does not have a Release file") ||
        contains(error, "no longer has a Release file"))
      return Reading::no_suite;
    // Any other error is about the suite's signature or age.
    return error.starts_with("Failed to fetch") ? Reading::bad_mirror : Reading::bad_suite;
  }
  result = run(Words{"apt-get"} + own_apt_ +
               Words{"indextargets", "--format", "$(ORIGIN)", "Created-By: Packages"});
  // apt prints nothing for an empty list.
  if (result.output.empty() || result.output.starts_with("Debian")) return Reading::done;
  error = fmt::format("{} is not a Debian mirror", mirror.uri);
  return Reading::bad_suite;
}

void Source::download_from_other_suites(const Workplace& work) {
  std::vector<DebianMirror> mirrors =
      mirrors_in_use(apt_config("Dir::Etc::sourcelist/f"), apt_config("Dir::Etc::sourceparts/d"));
  if (mirrors.empty())
    throw Failure(fmt::format(
        "package {} is not in the system's suites, and no apt source is a Debian mirror",
        package_));

  struct Place {
    const Suite* suite;
    const DebianMirror* mirror;
    std::string text() const { return fmt::format("{} {}\n", mirror->uri, suite->name); }
  };
  std::vector<Place> search;
  for (const Suite& suite : suites)
    for (const DebianMirror& mirror : mirrors)
      if (mirror.security == suite.security) search.push_back({&suite, &mirror});
  // The suite where the package was found last time comes first.
  fs::path found = places_.cache / "apt" / (package_ + ".suite");
  make_folder(found.parent_path());
  std::error_code ignored;
  if (std::string last = fs::exists(found, ignored) ? read_file(found) : ""; !last.empty()) {
    auto at = std::find_if(search.begin(), search.end(),
                           [&](const Place& place) { return place.text() == last; });
    if (at != search.end()) std::rotate(search.begin(), at, at + 1);
  }

  say(fmt::format("looking for {} in other Debian suites ...", package_));
  make_own_apt(work);
  std::vector<std::string> bad_mirrors;
  std::vector<std::string> none;  // suites without the package
  std::string mirror_error, suite_error;
  for (const Place& place : search) {
    const std::string& uri = place.mirror->uri;
    if (std::find(bad_mirrors.begin(), bad_mirrors.end(), uri) != bad_mirrors.end()) continue;
    std::string error;
    Reading reading = read_suite(*place.mirror, *place.suite, error);
    if (reading == Reading::bad_suite) suite_error = error;
    if (reading == Reading::bad_mirror) {
      mirror_error = error;
      bad_mirrors.push_back(uri);
    }
    if (reading != Reading::done) continue;
    std::string version = candidate(own_apt_);
    if (version.empty()) {
      if (none.empty() || none.back() != place.suite->name) none.push_back(place.suite->name);
      continue;
    }
    say(fmt::format("fetching {} {} from {} ...", package_, version, place.suite->name));
    CommandResult result =
        run(Words{"apt-get", "-q"} + own_apt_ + Words{"download", package_}, work / "download");
    if (result.status == 0) {
      write_file(found, place.text());
      return;
    }
    mirror_error = last_error(result);
  }
  // An error of a suite that cannot be trusted is reported only if no other suite was read.
  std::string error = !mirror_error.empty() ? mirror_error : none.empty() ? suite_error : "";
  if (!error.empty()) throw Failure(fmt::format("cannot fetch {}: {}", package_, error));
  if (none.empty())
    throw Failure(fmt::format("cannot fetch {}: no mirror has a Debian suite", package_));
  throw Failure(fmt::format("package {} is neither in the system's suites nor in {}", package_,
                            fmt::join(none, ", ")));
}

}  // namespace

DebianPlaces debian_places() { return {builds_folder() / "kernels", "/usr/src", {}, {}}; }

namespace {

// Creates the cache and makes its path absolute.
DebianPlaces made_ready(const std::string& version, const DebianPlaces& places) {
  need_tools(version);
  make_folder(places.cache);
  DebianPlaces absolute = places;
  std::error_code error;
  absolute.cache = fs::canonical(places.cache, error);
  if (error) throw Failure(fmt::format("{}: {}", places.cache.string(), error.message()));
  return absolute;
}

}  // namespace

void unpack_debian_source(const std::string& version, const fs::path& folder,
                          const DebianPlaces& places) {
  const DebianPlaces absolute = made_ready(version, places);
  FileLock lock = lock_trees(absolute.cache);
  Workplace work(absolute.cache);
  Source(version, absolute).fetch_all(work, folder);
}

DebianTree debian_tree(const std::string& version, const DebianPlaces& places) {
  const DebianPlaces absolute = made_ready(version, places);
  FileLock lock = lock_trees(absolute.cache);
  std::error_code error;
  fs::path folder = absolute.cache / ("debian-" + version);
  std::optional<Cached> cached = read_cached(folder);
  Source source(version, absolute);
  if (cached) {
    const fs::path asked = folder / offered_file;
    if (!source.may_have_moved(asked)) return {folder, cached->version};
    const std::string& offered = source.offered();
    if (offered.empty() || offered == cached->version || offered == cached->offered) {
      utimensat(AT_FDCWD, asked.c_str(), nullptr, 0);
      return {folder, cached->version};
    }
  }
  try {
    Workplace work(absolute.cache);
    std::string fetched = source.fetch(work, cached.has_value());
    write_file(work / "tree" / version_file, fetched);
    write_file(work / "tree" / offered_file, source.offered());
    fs::rename(folder, work / "old", error);  // if there is one
    fs::rename(work / "tree", folder, error);
    if (error) {
      std::string reason = error.message();
      fs::rename(work / "old", folder, error);
      throw Failure(fmt::format("{}: {}", folder.string(), reason));
    }
    return {folder, fetched};
  } catch (const Failure& failure) {
    if (!cached) throw;
    say(fmt::format("{}: using {} from the cache", failure.what(), cached->version));
    return {folder, cached->version};
  }
}

}  // namespace tool
