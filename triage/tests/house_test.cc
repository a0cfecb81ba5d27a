// SPDX-License-Identifier: GPL-2.0-only
// The rules of docs/architecture.md: which folder may include which.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>

#include "tool/support/build.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// A room is a folder without its subfolders that are rooms of their own. It may use itself and the
// listed rooms; permission is not transitive.
const std::map<std::string, std::vector<std::string>> rooms{
    {"src/shim", {}},
    {"src/testing", {}},
    {"src/iova", {"src/shim"}},
    {"src/kernel", {"src/shim", "src/iova"}},
    {"src/program", {"src/shim"}},
    {"src/reproducer", {"src/shim", "src/iova"}},
    {"src/engine",
     {"src/shim", "src/iova", "src/program", "src/engine/contract", "src/engine/operations",
      "src/engine/reference"}},
    // Operations do not use judges, and the two judges do not use each other.
    {"src/engine/operations", {"src/shim", "src/iova", "src/program", "src/engine"}},
    {"src/engine/contract", {"src/shim", "src/iova", "src/program", "src/engine"}},
    {"src/engine/reference", {"src/shim", "src/iova", "src/program", "src/engine"}},
    {"fuzz", {"src/shim", "src/iova", "src/kernel", "src/program", "src/engine", "fuzz/harness"}},
    {"fuzz/harness", {"src/shim", "src/iova", "src/kernel", "src/program", "src/engine", "fuzz"}},
    {"fuzz/speed", {"src/shim", "src/program", "src/engine", "fuzz"}},
    {"dictionaries", {"src/program", "fuzz"}},
};

// The folders of the tool, bottom up; each may use those below it, the core and the list of
// targets.
const std::vector<std::string> floors{"src/tool/support",  "src/tool/variants", "src/tool/replay",
                                      "src/tool/findings", "src/tool/machine",  "src/tool/coverage",
                                      "src/tool/corpus",   "src/tool/campaign", "src/tool/page"};
const std::vector<std::string> core{"src/shim",    "src/iova",   "src/kernel",
                                    "src/program", "src/engine", "src/reproducer"};

// The longest room name that contains the file; "" if there is none.
std::string room_of(const std::string& file) {
  std::string room;
  auto consider = [&](const std::string& name) {
    if (file.starts_with(name + "/") && name.size() > room.size()) room = name;
  };
  for (const auto& [name, uses] : rooms) consider(name);
  for (const std::string& floor : floors) consider(floor);
  if (room.empty() && file.starts_with("triage/")) {
    // Each command is a room of its own; commands of a group share one.
    fs::path path(file);
    room = path.parent_path() == "triage" ? file : path.parent_path().string();
  }
  return room;
}

bool may_use(const std::string& user, const std::string& used, const std::string& file) {
  if (user == used) return !user.ends_with(".cc");
  if (used == "src/testing") return true;  // only tests include it
  auto is_in = [](const std::string& name, const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (auto room = rooms.find(user); room != rooms.end()) return is_in(used, room->second);
  bool is_known = is_in(used, core) || file == "fuzz/target.h" || file == "fuzz/targets.h";
  auto floor = std::find(floors.begin(), floors.end(), user);
  if (floor != floors.end()) return is_known || std::find(floors.begin(), floor, used) != floor;
  // Tests of commands may include commands.
  return is_known || is_in(used, floors) || user == "triage/tests";
}

struct Include {
  std::string from, to;
};

std::vector<Include> includes() {
  std::vector<Include> found;
  static const std::regex quoted("^\\s*#\\s*include\\s*\"([^\"]+)\".*");
  for (const char* folder : {"src", "fuzz", "triage", "dictionaries"})
    for (const fs::path& path : expand({(source_folder() / folder).string()})) {
      static const std::set<std::string> kinds{".cc", ".c", ".h", ".inc"};
      if (!kinds.contains(path.extension().string())) continue;
      std::istringstream lines(read_file(path));
      for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, quoted)) continue;
        for (const fs::path& from : {path.parent_path(), source_folder(), source_folder() / "src"})
          if (fs::exists(from / match[1].str())) {
            fs::path to = fs::relative(from / match[1].str(), source_folder());
            found.push_back({fs::relative(path, source_folder()).string(), to.string()});
            break;
          }
      }
    }
  return found;
}

TEST(House, FilesIncludeOnlyWhatTheirRoomMayUse) {
  std::vector<Include> all = includes();
  EXPECT_GT(all.size(), 300u);
  for (const Include& include : all) {
    std::string user = room_of(include.from), used = room_of(include.to);
    EXPECT_FALSE(user.empty()) << include.from << " is in no room";
    EXPECT_TRUE(may_use(user, used, include.to)) << include.from << " includes " << include.to;
  }
}

// The rules must refuse upward includes.
TEST(House, RulesRefuseWhatLeadsUpward) {
  for (auto [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"src/shim/slab.cc", "src/engine/engine.h"},
           {"src/engine/run.cc", "src/tool/support/files.h"},
           {"src/engine/operations/ranges.cc", "src/engine/contract/duties.h"},
           {"src/engine/contract/grants.cc", "src/engine/reference/models.h"},
           {"src/program/text.cc", "src/iova/variant.h"},
           {"src/tool/variants/kernel.cc", "src/tool/replay/isolate.h"},
           {"src/tool/corpus/cover.cc", "src/tool/campaign/campaign.h"},
           {"src/tool/support/files.cc", "fuzz/harness/entry.h"},
           {"triage/show.cc", "triage/run.cc"},
           {"triage/show.cc", "triage/mutants/source_mutation.h"},
           {"fuzz/iova_tree.cc", "src/tool/support/files.h"}})
    EXPECT_FALSE(may_use(room_of(from), room_of(to), to)) << from << " -> " << to;
}

TEST(House, CoreAndTargetsKnowNoFuzzingEngine) {
  static const std::regex engine("LLVMFuzzer|__afl_|afl_custom");
  for (const fs::path& path : expand({(source_folder() / "src").string()})) {
    std::string name = fs::relative(path, source_folder()).string();
    if (name.starts_with("src/tool/")) continue;
    EXPECT_FALSE(std::regex_search(read_file(path), engine)) << name;
  }
}

TEST(House, EachFileHasItsLicence) {
  for (const char* folder : {"src", "fuzz", "triage", "dictionaries", "cmake", "corpus"})
    for (const fs::path& path : expand({(source_folder() / folder).string()})) {
      if (path.extension() == ".iova") continue;  // programs include nothing
      EXPECT_NE(read_file(path).substr(0, 200).find("SPDX-License-Identifier: GPL-2.0-only"),
                std::string::npos)
          << path;
    }
}

}  // namespace
}  // namespace tool
