// SPDX-License-Identifier: GPL-2.0-only
// What farms and stock engines read of a target that meets a finding: the same under whatever
// options they run it with.
#include <fmt/core.h>

#include <algorithm>
#include <sstream>

#include "program/program.h"
#include "tool/support/command_test.h"
#include "tool/variants/module.h"
#include "tool/variants/port.h"
#include "tool/variants/variants.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Crash {
  const char* defect;  // planted, or "" for Linux 6.12
  std::string text;
  // What ClusterFuzz's parser makes of it (stacktraces/__init__.py of August 2026), its lines of
  // state, and the line by which it takes the type.
  std::vector<std::string> state;
  const char* type_line;
};

std::string seed(const std::string& name) {
  return read_file(source_folder() / "corpus" / (name + ".iova"));
}

// Raised by the shim, by a judge, by each of the sanitizers.
const std::vector<Crash>& crashes() {
  static const std::vector<Crash> all{
      {"",
       bug,
       {"FuzzerHash=slab-free-null:iova_magazine_free:init_rcaches:io~", "iova::iova_magazine_free",
        "iova::iova_domain_init_rcaches"},
       "kernel BUG at slab-free-null"},
      {"",
       "cache_get\ninit\nalloc size=64 limit=30\nalloc size=64\n",
       {"FuzzerHash=hint-lower-limit:alloc_iova:alloc:none", "iova::alloc_iova",
        "iova::alloc_iova"},
       "[iovafuzz:iova.c(0)] Check failed: "},
      {"swap-forgotten",
       seed("iova_rcache/full_loaded_magazine_is_swapped_with_prev"),
       {"FuzzerHash=ubsan-out-of-bounds-index:iova_magazine_push:f", "iova::iova_magazine_push",
        "iova::free_iova_fast"},
       "kernel BUG at ubsan-out-of-bounds-index"},
      {"queue-reuses-page-list",
       seed("iova_flush_queue/ring_wraps_onto_lists_that_were_put"),
       {"FuzzerHash=slab-use-after-free:queue_iova:queue:none", "iova::queue_iova",
        "iova::queue_iova"},
       "kernel BUG at slab-use-after-free"},
  };
  return all;
}

std::string input_of(const TemporaryFolder& folder, const std::string& text) {
  std::vector<uint8_t> bytes = program::encode(program::parse(text));
  return folder.write("input", std::string(bytes.begin(), bytes.end()));
}

std::string binary_of(const Crash& crash) {
  VariantChoice choice;
  if (*crash.defect)
    choice.defect = crash.defect;
  else
    choice.revision = "6.12";
  choice.variant();
  fs::path build = build_binaries({{&fuzz::iova_domain, choice.build_name()}});
  return (build / "bin" / choice.build_name() / "iova_domain").string();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  return lines;
}

CommandResult run_with(const std::vector<std::string>& environment, const std::string& binary,
                       const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"env", "IOVAFUZZ_KNOWN=/dev/null"};
  words.insert(words.end(), environment.begin(), environment.end());
  words.push_back(binary);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_command(words, false);
}

TEST(Farm, ReadsTheSameUnderAllOptionsOfSanitizers) {
  for (const Crash& crash : crashes()) {
    SCOPED_TRACE(crash.state[0]);
    TemporaryFolder folder;
    std::string input = input_of(folder, crash.text), binary = binary_of(crash);
    std::vector<std::string> first;
    for (const char* abort : {"0", "1"})
      for (const char* symbolize : {"0", "1"}) {
        std::string options = fmt::format("handle_abort={}:symbolize={}", abort, symbolize);
        CommandResult result =
            run_with({"ASAN_OPTIONS=" + options, "UBSAN_OPTIONS=" + options}, binary, {input});
        EXPECT_NE(result.status, 0);
        std::vector<std::string> read;
        size_t keys = 0;
        for (const std::string& line : lines_of(result.output)) {
          keys += line.starts_with("==iovafuzz== key: ");
          if (size_t error = line.find("== ERROR: iovafuzz: "); error != line.npos)
            read.push_back(line.substr(error));
          for (const char* begin : {"panic: ", "kernel BUG at ", "[iovafuzz:", "    #2 0x0 in ",
                                    "    #3 0x0 in ", "DEDUP_TOKEN: "})
            if (line.starts_with(begin)) read.push_back(line);
        }
        EXPECT_EQ(keys, 1u) << options << result.output;
        if (first.empty()) first = read;
        EXPECT_EQ(read, first) << options;
      }
    auto has = [&](const std::string& begin) {
      return std::any_of(first.begin(), first.end(), [&](const std::string& line) {
        return line.find(begin) != line.npos && line.size() <= 140;
      });
    };
    EXPECT_TRUE(has(crash.type_line));
    for (const std::string& line : crash.state) EXPECT_TRUE(has(line)) << line;
  }
}

// Fork mode shows of its children what has "ERROR:" in it, and nothing else.
TEST(Farm, KeyIsToldInForkMode) {
  TemporaryFolder folder;
  const Crash& crash = crashes()[0];
  make_folder(folder.path() / "corpus");
  fs::rename(input_of(folder, crash.text), folder.path() / "corpus/input");
  CommandResult result = run_with(
      {}, binary_of(crash),
      {"-fork=1", "-ignore_crashes=0", "-max_total_time=20",
       "-artifact_prefix=" + folder.path().string() + "/", (folder.path() / "corpus").string()});
  EXPECT_NE(result.output.find("== ERROR: iovafuzz: "), std::string::npos) << result.output;
}

TEST(Farm, OnlyOneFindingIsDiedOfWhereThatIsAskedFor) {
  TemporaryFolder folder;
  const char* both = "cache_get\ninit\ninit domain=1\nalloc size=64 limit=30\nalloc size=64\n"
                     "fail 0x10\ninit_rcaches domain=1\n";
  std::string input = input_of(folder, both), binary = binary_of(crashes()[0]);
  const std::string hint_key = "hint-lower-limit:alloc_iova:alloc:none";
  for (const std::string& key : {hint_key, std::string(bug_key)}) {
    CommandResult result = run_with({"IOVAFUZZ_ONLY=" + key}, binary, {input});
    EXPECT_NE(result.status, 0);
    EXPECT_NE(result.output.find("key: " + key + "\n"), std::string::npos) << result.output;
    EXPECT_EQ(result.output.find("==iovafuzz== key: "), result.output.rfind("==iovafuzz== key: "));
    // The engine's own minimization keeps to it.
    std::string smaller = (folder.path() / "smaller").string();
    run_with(
        {"IOVAFUZZ_ONLY=" + key}, binary,
        {"-minimize_crash=1", "-runs=400", "-seed=1", "-exact_artifact_path=" + smaller, input});
    EXPECT_EQ(tool_json({"replay", "--revision", "6.12", smaller})[0]["keys"], (json{{key, 1}}));
  }
  EXPECT_EQ(run_with({"IOVAFUZZ_ONLY=iova-overlap"}, binary, {input}).status, 0);
}

}  // namespace
}  // namespace tool
