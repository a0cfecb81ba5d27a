// SPDX-License-Identifier: GPL-2.0-only
// Targets report a finding to OSS-Fuzz and to engines in the same way under all options.
#include <fmt/core.h>

#include <cstdlib>
#include <sstream>

#include "program/program.h"
#include "tool/support/command_test.h"
#include "tool/support/words.h"
#include "tool/variants/module.h"
#include "tool/variants/port.h"
#include "tool/variants/variants.h"
#include "triage/preflight/clusterfuzz.h"
#include "triage/preflight/farm_build.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct FarmCrash {
  const char* defect;  // planted defect, or "" for Linux 6.12
  std::string text;
  // ClusterFuzz's reading: the type, and the beginning of each line of the state.
  std::string type;
  std::vector<std::string> state;
};

std::string seed(const std::string& name) {
  return read_file(source_folder() / "corpus" / (name + ".iova"));
}

// Findings from the shim, from a judge and from each sanitizer.
const std::vector<FarmCrash>& crashes() {
  static const std::vector<FarmCrash> all{
      {"",
       bug,
       "Kernel failure\nSlab-free-null",
       {"FuzzerHash=slab-free-null:iova_magazine_free:init_rcaches:io~", "iova::iova_magazine_free",
        "iova::iova_domain_init_rcaches"}},
      {"",
       "cache_get\ninit\nalloc size=64 limit=30\nalloc size=64\n",
       "CHECK failure",
       {"FuzzerHash=hint-lower-limit:alloc_iova:alloc:none", "iova::alloc_iova",
        "iova::alloc_iova"}},
      {"swap-forgotten",
       seed("iova_rcache/full_loaded_magazine_is_swapped_with_prev"),
       "Kernel failure\nUbsan-out-of-bounds-index",
       {"FuzzerHash=ubsan-out-of-bounds-index:iova_magazine_push:f", "iova::iova_magazine_push",
        "iova::free_iova_fast"}},
      {"queue-reuses-page-list",
       seed("iova_flush_queue/ring_wraps_onto_lists_that_were_put"),
       "Kernel failure\nSlab-use-after-free",
       {"FuzzerHash=slab-use-after-free:queue_iova:queue:none", "iova::queue_iova",
        "iova::queue_iova"}},
  };
  return all;
}

std::string input_of(const TemporaryFolder& folder, const std::string& text) {
  std::vector<uint8_t> bytes = program::encode(program::parse(text));
  return folder.write("input", std::string(bytes.begin(), bytes.end()));
}

std::string binary_of(const FarmCrash& crash) {
  VariantChoice choice;
  if (*crash.defect)
    choice.defect = crash.defect;
  else
    choice.revision = "6.12";
  choice.variant();
  fs::path build = build_binaries({{&fuzz::iova_domain, choice.build_name()}});
  return (build / "bin" / choice.build_name() / "iova_domain").string();
}

// The key, cut as in the state.
std::string key_of(const FarmCrash& crash) {
  std::string key = crash.state[0].substr(std::string("FuzzerHash=").size());
  return key.substr(0, key.find('~'));
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
  for (const FarmCrash& crash : crashes()) {
    SCOPED_TRACE(crash.state[0]);
    TemporaryFolder folder;
    std::string input = input_of(folder, crash.text), binary = binary_of(crash);
    for (const char* abort : {"0", "1"})
      for (const char* symbolize : {"0", "1"}) {
        std::string options = fmt::format("handle_abort={}:symbolize={}", abort, symbolize);
        SCOPED_TRACE(options);
        CommandResult result =
            run_with({"ASAN_OPTIONS=" + options, "UBSAN_OPTIONS=" + options}, binary, {input});
        EXPECT_NE(result.status, 0);
        Reading reading = reading_of(result.output);
        EXPECT_EQ(reading.type, crash.type) << result.output;
        EXPECT_EQ(reading.security, crash.type != "CHECK failure");
        std::vector<std::string> state = lines_of(reading.state);
        ASSERT_EQ(state.size(), crash.state.size()) << result.output;
        for (size_t i = 0; i < state.size(); i++)
          EXPECT_TRUE(state[i].starts_with(crash.state[i])) << state[i];
        size_t keys = 0, errors = 0, tokens = 0;
        for (const std::string& line : lines_of(result.output)) {
          keys += line.starts_with("==iovafuzz== key: ");
          errors += line.find("== ERROR: iovafuzz: ") != line.npos;
          tokens += line.starts_with("DEDUP_TOKEN: " + key_of(crash));
        }
        EXPECT_EQ(keys, 1u) << result.output;
        EXPECT_EQ(errors, 1u) << result.output;
        EXPECT_GE(tokens, 1u) << result.output;
      }
  }
}

// libFuzzer's fork mode shows only lines of its children that contain "ERROR:".
TEST(Farm, KeyIsToldInForkMode) {
  TemporaryFolder folder;
  const FarmCrash& crash = crashes()[0];
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
  for (const std::string& key : {hint_key, bug_key}) {
    CommandResult result = run_with({"IOVAFUZZ_ONLY=" + key}, binary, {input});
    EXPECT_NE(result.status, 0);
    EXPECT_NE(result.output.find("key: " + key + "\n"), std::string::npos) << result.output;
    EXPECT_EQ(result.output.find("==iovafuzz== key: "), result.output.rfind("==iovafuzz== key: "));
    // libFuzzer's own minimization keeps the finding.
    std::string smaller = (folder.path() / "smaller").string();
    run_with(
        {"IOVAFUZZ_ONLY=" + key}, binary,
        {"-minimize_crash=1", "-runs=400", "-seed=1", "-exact_artifact_path=" + smaller, input});
    EXPECT_EQ(tool_json({"replay", "--revision", "6.12", smaller})[0]["keys"], (json{{key, 1}}));
  }
  EXPECT_EQ(run_with({"IOVAFUZZ_ONLY=iova-overlap"}, binary, {input}).status, 0);
}

// honggfuzz reads the first line with that prefix, and seven addresses to distinguish crashes.
TEST(Farm, ReportIsWhereHonggfuzzLooksForIt) {
  std::vector<std::vector<std::string>> stacks;
  for (const FarmCrash* crash : {&crashes()[0], &crashes()[1], &crashes()[0]}) {
    TemporaryFolder folder;
    fs::path log = folder.path() / "HF.sanitizer.log";
    CommandResult result =
        run_with({"ASAN_OPTIONS=handle_abort=2:abort_on_error=1:log_path=" + log.string()},
                 binary_of(*crash), {input_of(folder, crash->text)});
    EXPECT_NE(result.status, 0);
    std::vector<std::string> lines;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      if (!entry.path().filename().string().starts_with("HF.")) continue;
      EXPECT_TRUE(lines.empty()) << entry.path();
      lines = lines_of(read_file(entry.path()));
      EXPECT_EQ(reading_of(read_file(entry.path())).type, crash->type);
    }
    ASSERT_GT(lines.size(), 8u) << result.output;
    EXPECT_NE(lines[0].find("==ERROR: iovafuzz: " + key_of(*crash)), std::string::npos) << lines[0];
    EXPECT_EQ(lines[8], "");
    stacks.emplace_back();
    for (int i = 1; i <= 7; i++) stacks.back().push_back(lines[i].substr(0, lines[i].find(" in ")));
  }
  EXPECT_EQ(stacks[0], stacks[2]);
  EXPECT_NE(stacks[0], stacks[1]);
}

// The port's own code uses uninitialized memory.
TEST(MemoryLong, UnsetMemoryIsToldWithItsObject) {
  FarmCrash crash{"anchor-lookalike-leak",
                  seed("iova_tree/failed_insert_frees_its_node"),
                  "Kernel failure\nMsan-unset-memory",
                  {"FuzzerHash=msan-unset-memory:free_iova_mem:alloc:none", "iova::free_iova_mem",
                   "iova::alloc_iova"}};
  TemporaryFolder folder;
  VariantChoice choice;
  choice.defect = crash.defect;
  choice.variant();
  fs::path build = build_binaries({{&fuzz::iova_domain, choice.build_name()},
                                   {&fuzz::iova_domain, "fixed"},
                                   {&fuzz::iova_races, "fixed"}},
                                  Engine::libfuzzer, "memory");
  std::string input = input_of(folder, crash.text),
              binary = (build / "bin" / choice.build_name() / "iova_domain").string();
  for (const char* options : {"handle_abort=0:symbolize=0", "handle_abort=1:symbolize=1"}) {
    CommandResult result = run_with({std::string("MSAN_OPTIONS=") + options}, binary, {input});
    EXPECT_NE(result.status, 0);
    EXPECT_NE(result.output.find("allocated in alloc_iova_mem()"), std::string::npos)
        << result.output;
    EXPECT_EQ(reading_of(result.output).type, crash.type) << result.output;
    EXPECT_EQ(lines_of(reading_of(result.output).state), crash.state) << result.output;
  }
  // The finding is recoverable.
  CommandResult other = run_with({"IOVAFUZZ_ONLY=object-count"}, binary, {input});
  EXPECT_NE(other.output.find("key: object-count:"), std::string::npos) << other.output;
  // Nothing else counts as uninitialized, although other code is not instrumented.
  for (const char* target : {"iova_domain", "iova_races"}) {
    CommandResult seeds = run_command(
        {(build / "bin/fixed" / target).string(), "-runs=0", (build / "corpus" / target).string()},
        false);
    EXPECT_EQ(seeds.status, 0) << seeds.output;
  }
}

// Builds honggfuzz's targets as preflight does.
TEST(HonggfuzzLong, TellsFindingsByTheirKeys) {
  if (!getenv("IOVAFUZZ_HONGGFUZZ"))
    GTEST_SKIP() << "honggfuzz was not tried: IOVAFUZZ_HONGGFUZZ is unset";
  constexpr const char name[] = "anchor-lookalike-leak";
  const port::DefectInfo& defect = find_defect(name);
  const std::string variant = build_name("fixed", &defect);
  fs::path all = builds_folder() / "preflight";
  make_folder(all);
  FileLock lock(all / "lock", "waiting for a preflight");
  FarmBuild build = build_as_there("honggfuzz", "address", all, "");
  std::string binary = (build_more(build,
                                   {fmt::format("iovafuzz_port({0} fixed {1})\n"
                                                "iovafuzz_fuzzed({0})",
                                                variant, defect.flag)},
                                   {"iova_domain-" + variant}) /
                        variant / "iova_domain")
                           .string();
  TemporaryFolder folder;
  fs::path here = folder.path(), crashes = here / "crashes", report = here / "HONGGFUZZ.REPORT.TXT";
  for (const char* part : {"seeds", "corpus", "crashes"}) make_folder(here / part);
  fs::rename(input_of(folder, seed("iova_domain/plain_life_of_one_domain")), here / "seeds/life");
  auto honggfuzz = [&](const std::string& only, const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"env",
                                   "IOVAFUZZ_ONLY=" + only,
                                   (build.out() / "honggfuzz").string(),
                                   "-n",
                                   "1",
                                   "-v",
                                   "-z",
                                   "-P",
                                   "-S",
                                   "-t",
                                   "60",
                                   "-W",
                                   here.string(),
                                   "--crashdir",
                                   crashes.string(),
                                   "-R",
                                   report.string(),
                                   "-o",
                                   (here / "corpus").string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), {"--", binary});
    CommandResult result = run_command(words, false);
    EXPECT_EQ(result.status, 0) << result.output;
  };
  // Two bugs that end the process in the same way give two crashes.
  for (const char* key : {"object-count:any:any:none", "slab-leak:alloc_iova_mem:end:none"}) {
    honggfuzz(key, {"-i", (here / "seeds").string(), "-N", "30000", "--exit_upon_crash"});
    EXPECT_NE(read_file(report).find(fmt::format("DESCRIPTION: iovafuzz: {}\n", key)),
              std::string::npos)
        << read_file(report);
  }
  size_t logs = 0, inputs = 0;
  for (const auto& entry : fs::directory_iterator(crashes)) {
    inputs++;
    fs::copy_file(entry.path(), here / "seeds" / fmt::format("crash-{}", inputs));
  }
  EXPECT_EQ(inputs, 2u);
  for (const auto& entry : fs::directory_iterator(here)) {
    if (!entry.path().filename().string().starts_with("HF.sanitizer.log")) continue;
    logs++;
    EXPECT_EQ(reading_of(read_file(entry.path())).type, "CHECK failure");
  }
  EXPECT_GE(logs, 2u);
  // Minimizing a corpus does not stop at findings.
  fs::remove_all(crashes);
  make_folder(crashes);
  honggfuzz("iova-overlap", {"-i", (here / "seeds").string(), "-M"});
  EXPECT_TRUE(fs::is_empty(crashes));

  // honggfuzz's folder also contains reports, which are no inputs.
  fs::copy(here / "seeds", crashes, fs::copy_options::recursive);
  fs::remove(crashes / "life");
  fs::copy_file(report, crashes / report.filename());
  json findings = tool_json({"triage", "--defect", name, "--out", (here / "triaged").string(),
                             crashes.string()})["findings"];
  EXPECT_GE(findings.size(), 1u) << to_text(findings);
}

}  // namespace
}  // namespace tool
