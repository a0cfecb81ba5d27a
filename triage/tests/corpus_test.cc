// SPDX-License-Identifier: GPL-2.0-only
// Minimizes, merges, describes corpora, and promotes inputs to seeds.
#include <fmt/core.h>
#include <stdlib.h>

#include <cstring>
#include <map>
#include <regex>
#include <set>

#include "iova/revision.h"
#include "program/mutation.h"
#include "program/program.h"
#include "tool/replay/input.h"
#include "tool/support/command_test.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr const char target_name[] = "iova_init_faults";
const fuzz::Target& target() {
  for (const fuzz::Target* each : fuzz::targets)
    if (!strcmp(each->name, target_name)) return *each;
  abort();
}

std::string bytes_of(const program::Program& program) {
  auto bytes = program::encode_within(program, target().max_len);
  return {bytes.begin(), bytes.end()};
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder))
    files[entry.path().filename().string()] = read_file(entry.path());
  return files;
}

// Programs like those of a campaign: mutants of the seeds, then mutants of these.
class CorpusOf {
 public:
  explicit CorpusOf(size_t count, const std::string& name = target_name) {
    make_folder(path_.path() / name);
    folder_ = path_.path() / name;
    std::vector<program::Program> programs;
    for (const fs::path& seed : seeds())
      if (seed.parent_path().filename() == target_name)
        programs.push_back(read_input(seed).program);
    program::Mutator mutator(target().operations, 1);
    for (size_t i = 0; i < count; i++) {
      programs.push_back(programs[i]);
      mutator.mutate(programs.back());
      add(fmt::format("id:{:06},src:{}", i, i), bytes_of(programs.back()));
    }
  }
  void add(const std::string& name, const std::string& content) const {
    write_file(folder_ / name, content);
  }
  std::string folder() const { return folder_.string(); }
  std::string beside(const std::string& name) const { return (path_.path() / name).string(); }

 private:
  TemporaryFolder path_;
  fs::path folder_;
};

// Edges and features per variant, as the engine counts them when it reads the corpus.
std::vector<std::pair<int, int>> engines_counts(const fs::path& folder) {
  std::vector<std::pair<int, int>> counts;
  for (const port::NamedRevision& revision : port::named_revisions) {
    fs::path binary = build_folder() / "bin" / revision.identifier / target_name;
    CommandResult result = run_command({binary.string(), "-runs=0", folder.string()}, false);
    std::smatch match;
    std::regex line("INITED cov: ([0-9]+) ft: ([0-9]+)");
    if (!std::regex_search(result.output, match, line)) {
      ADD_FAILURE() << result.output;
      continue;
    }
    counts.push_back({std::stoi(match[1]), std::stoi(match[2])});
  }
  return counts;
}

std::vector<std::pair<int, int>> counts_in(const json& variants, const char* when) {
  std::vector<std::pair<int, int>> counts;
  for (const auto& row : variants) counts.push_back({row["edges"][when], row["features"][when]});
  return counts;
}

TEST(CorpusMinimize, FewerFilesCoverTheSameOnEveryVariantByTheEnginesOwnCount) {
  CorpusOf corpus(150);
  std::string out = corpus.beside("out");
  auto row = tool_json({"corpus", "minimize", corpus.folder(), "--out", out})[0];
  auto before = contents(corpus.folder()), after = contents(out);
  EXPECT_EQ(row["files"]["before"], before.size());
  EXPECT_EQ(row["files"]["after"], after.size());
  EXPECT_LT(after.size(), before.size());
  for (const auto& [name, content] : after) EXPECT_EQ(content, before[name]) << name;
  auto counts = engines_counts(corpus.folder());
  EXPECT_EQ(engines_counts(out), counts);
  EXPECT_EQ(counts_in(row["variants"], "before"), counts);
  EXPECT_EQ(counts_in(row["variants"], "after"), counts);
}

TEST(CorpusMinimize, AgainItChangesNothing) {
  CorpusOf corpus(100);
  std::string first = corpus.beside("first"), second = corpus.beside("second");
  for (const std::string& out : {first, second})
    ASSERT_EQ(tool({"corpus", "minimize", corpus.folder(), "--out", out}).status, 0);
  auto kept = contents(first);
  EXPECT_EQ(contents(second), kept);
  ASSERT_EQ(tool({"corpus", "minimize", first, "--target", target_name, "--in-place"}).status, 0);
  EXPECT_EQ(contents(first), kept);
  EXPECT_LT(kept.size(), contents(corpus.folder()).size());
}

TEST(CorpusMinimize, WithoutOutItOnlyTells) {
  CorpusOf corpus(30);
  auto before = contents(corpus.folder());
  CommandResult result = tool({"corpus", "minimize", corpus.folder()});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("port@6.12 "), std::string::npos) << result.output;
  EXPECT_EQ(contents(corpus.folder()), before);
}

// Without it, engines ignore the known issues of their variant.
class NothingKnown {
 public:
  NothingKnown() { setenv("IOVAFUZZ_KNOWN", "/dev/null", 1); }
  ~NothingKnown() { unsetenv("IOVAFUZZ_KNOWN"); }
};

TEST(CorpusMinimize, WhatAVariantDoesNotSurviveIsKeptApartAndNamed) {
  CorpusOf corpus(0);
  corpus.add("plain.iova", "cache_get\ninit\ninit_rcaches\nput\ncache_put\n");
  corpus.add("bug.iova", bug);
  corpus.add("broken.iova", "cache_get\nalloc_slow\n");
  std::string out = corpus.beside("out");
  {
    NothingKnown nothing;
    auto row = tool_json({"corpus", "minimize", corpus.folder(), "--out", out})[0];
    ASSERT_FALSE(row["crashing"].empty()) << to_text(row);
    std::set<std::string> variants;
    for (const auto& dead : row["crashing"]) {
      EXPECT_EQ(dead["key"], bug_key);
      variants.insert(dead["variant"]);
    }
    EXPECT_TRUE(variants.contains("port@6.12"));
    EXPECT_FALSE(variants.contains("port@fixed"));
    EXPECT_EQ(row["complaints"].size(), 1u);
    EXPECT_EQ(counts_in(row["variants"], "before"), counts_in(row["variants"], "after"));
    EXPECT_EQ(contents(out).size(), 1u);
    EXPECT_EQ(contents(out + "-crashing")["bug.iova"], bug);

    CommandResult result = tool({"corpus", "minimize", corpus.folder(), "--in-place"});
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.output.find("bug.iova: " + bug_key + " on port@6.12\n"), std::string::npos)
        << result.output;
  }
  // Unreadable inputs stay in the folder.
  EXPECT_TRUE(contents(corpus.folder()).contains("broken.iova"));
  EXPECT_TRUE(contents(corpus.folder()).contains("plain.iova"));
  EXPECT_FALSE(contents(corpus.folder()).contains("bug.iova"));
  EXPECT_EQ(contents(corpus.folder() + "-crashing")["bug.iova"], bug);
}

TEST(CorpusMinimize, RefusesWhatItCannotDoInOneSentence) {
  CorpusOf corpus(1), nameless(1, "queue");
  auto refused = [](const std::vector<std::string>& words, const std::string& sentence) {
    std::vector<std::string> arguments{"corpus", "minimize"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    CommandResult result = tool(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.output, "iovafuzz: " + sentence + "\n");
  };
  refused(
      {nameless.folder()},
      nameless.folder() + ": neither it nor a folder in it is named after a target: give --target");
  refused({nameless.folder() + "/missing"}, nameless.folder() + "/missing: is not a folder");
  refused({corpus.folder(), "--out", nameless.folder()},
          nameless.folder() + ": already exists: choose another --out, or add to it with corpus "
                              "merge --into");
  refused({corpus.folder(), "--target", "iova_port_vs_kernel"},
          "iova_port_vs_kernel compares kernel trees with the port: give --variant "
          "debian:VERSION or a path");
  refused({corpus.folder(), "--target", "program_text", "--variant", "6.12"},
          "program_text reads text and uses no allocator: leave out --variant");
}

TEST(Targets, CoverTheSameWheneverTheyRun) {
  CorpusOf corpus(150);
  std::vector<std::set<std::string>> merged;
  for (const char* name : {"first", "second"}) {
    fs::path out = corpus.beside(name);
    make_folder(out);
    ASSERT_EQ(run_command({(build_folder() / "bin/fixed" / target_name).string(), "-merge=1",
                           out.string(), corpus.folder()},
                          false)
                  .status,
              0);
    std::set<std::string> names;
    for (const auto& [file, content] : contents(out)) names.insert(file);
    merged.push_back(names);
  }
  EXPECT_GT(merged[0].size(), 1u);
  EXPECT_EQ(merged[0], merged[1]);
}

TEST(CorpusMerge, AddsOnlyWhatIsNew) {
  CorpusOf corpus(20), more(80);
  auto own = contents(corpus.folder());
  auto row = tool_json({"corpus", "merge", "--into", corpus.folder(), more.folder()});
  auto merged = contents(corpus.folder());
  EXPECT_EQ(merged.size(), own.size() + row["added"].size());
  EXPECT_GT(row["added"].size(), 0u);
  EXPECT_LT(row["added"].size(), 80u);
  for (const auto& [name, content] : own) EXPECT_EQ(merged[name], content);
  size_t features = 0;
  for (const auto& variant : row["variants"]) features += variant["features"].get<size_t>();
  EXPECT_GT(features, 0u);
  // The larger corpus started with the programs of the smaller one.
  EXPECT_EQ(engines_counts(corpus.folder()), engines_counts(more.folder()));

  row = tool_json({"corpus", "merge", "--into", corpus.folder(), more.folder()});
  EXPECT_TRUE(row["added"].empty());
  EXPECT_EQ(contents(corpus.folder()), merged);
}

TEST(CorpusMerge, KeepsACorpusInItsForm) {
  CorpusOf texts(0), bytes(2);
  texts.add("first.iova", "cache_get\ncache_put\n");
  ASSERT_EQ(tool({"corpus", "merge", "--into", texts.folder(), bytes.folder()}).status, 0);
  for (const auto& [name, content] : contents(texts.folder())) {
    EXPECT_EQ(fs::path(name).extension(), ".iova");
    EXPECT_NO_THROW(program::parse(content)) << content;
  }
  EXPECT_GT(contents(texts.folder()).size(), 1u);

  CorpusOf empty(0);
  ASSERT_EQ(tool({"corpus", "merge", "--into", empty.folder(), texts.folder()}).status, 0);
  auto files = contents(empty.folder());
  EXPECT_FALSE(files.empty());
  for (const auto& [name, content] : files) EXPECT_EQ(name.find('.'), std::string::npos);
  EXPECT_EQ(engines_counts(empty.folder()).size(), std::size(port::named_revisions));
}

class Promote : public testing::Test {
 protected:
  CommandResult promote(const std::string& file, const std::string& name,
                        std::vector<std::string> more = {}, const char* target = target_name) {
    more.insert(more.begin(), {"corpus", "promote", file, "--target", target, "--name", name,
                               "--to", seeds_.string()});
    return tool(more);
  }
  void expect_refused(const CommandResult& result, const std::string& sentence) {
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.output, "iovafuzz: " + sentence + "\n");
    EXPECT_FALSE(fs::exists(seeds_));
  }
  std::string bytes(const std::string& name, const std::string& text) {
    auto encoded = program::encode(program::parse(text));
    return folder_.write(name, {reinterpret_cast<const char*>(encoded.data()), encoded.size()});
  }

  TemporaryFolder folder_;
  fs::path seeds_ = folder_.path() / "seeds";
};

// More caches than any seed uses, on more CPUs.
constexpr const char found[] =
    "cpus 7\ncache_get\ncache_get\ncache_get\ncache_get\ncache_get\ninit\ninit_rcaches\n"
    "init domain=1\ninit_rcaches domain=1\nalloc_fast x40\nfree_fast x40\nput\nput domain=1\n";

TEST_F(Promote, MakesASeedOfBytesAndTellsWhatItAdds) {
  std::string file = bytes("crash-0", found);
  std::string comment = "All that " + std::string(120, 'x') + " said\nin two lines.";
  CommandResult result = promote(file, "seven_cpus_take_the_caches", {"--comment", comment});
  ASSERT_EQ(result.status, 0) << result.output;
  fs::path seed = seeds_ / "seven_cpus_take_the_caches.iova";
  EXPECT_EQ(result.output.rfind(seed.string() + "\n", 0), 0u) << result.output;
  EXPECT_NE(result.output.find(launcher() + " sweep " + seed.string()), std::string::npos);
  std::string text = read_file(seed);
  EXPECT_EQ(text.rfind("# SPDX-License-Identifier: GPL-2.0-only\n# All that\n# xxx", 0), 0u)
      << text;
  EXPECT_NE(text.find("\n# said\n# in two lines.\n"), std::string::npos) << text;
  EXPECT_EQ(program::parse(text), program::parse(found));

  // The first promotion already covers everything that this one would add.
  result = promote(file, "the_same_again");
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.output, "iovafuzz: " + file + ": adds no coverage to the seeds of " +
                               target_name + ": --force promotes it anyway\n");
  ASSERT_EQ(promote(file, "the_same_again", {"--force"}).status, 0);
  EXPECT_EQ(read_file(seeds_ / "the_same_again.iova")
                .rfind("# SPDX-License-Identifier: GPL-2.0-only\n# The same again.\n", 0),
            0u);
  result = promote(file, "the_same_again", {"--force"});
  EXPECT_EQ(result.output, "iovafuzz: " + (seeds_ / "the_same_again.iova").string() +
                               ": already exists: choose another --name\n");
}

TEST_F(Promote, KeepsTheCommentsOfATextAndThoseInIt) {
  std::string file = folder_.write(
      "a.iova", "# Its own story.\n# Goes on.\n" + std::string(found) + "# the end\n");
  ASSERT_EQ(promote(file, "story").status, 0);
  EXPECT_EQ(read_file(seeds_ / "story.iova"),
            "# SPDX-License-Identifier: GPL-2.0-only\n" + read_file(file));
}

TEST_F(Promote, SaysWhereThePausesOfBytesSuspend) {
  const std::string file = bytes("crash-1", "cache_get\ninit\npause 2\nalloc x2\nalloc slot=b\n"
                                            "resume\npause 200\nfree slot=b\nput\n");
  ASSERT_EQ(promote(file, "paused", {"--force"}, "iova_interleave").status, 0);
  const std::string text = read_file(seeds_ / "paused.iova");
  EXPECT_NE(text.find("\npause 2  # before a lock, in __alloc_and_insert_iova_range()\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\npause 200  # not reached\n"), std::string::npos) << text;
}

TEST_F(Promote, RefusesWhatIsNoSeed) {
  std::string file = bytes("input", found);
  expect_refused(promote(file, ""), "--name: the value is empty (iovafuzz corpus promote --help)");
  for (const char* name : {"Seven", "seven-cpus", "_seven", "7_cpus", "seven_", "a__b", "../a"})
    expect_refused(
        promote(file, name),
        fmt::format("--name {}: use lower-case words, as in depot_trimmed_by_delayed_work", name));
  std::string own = (source_folder() / "corpus/iova_init_faults/domain_init_needs_no_cache.iova");
  expect_refused(promote(file, "domain_init_needs_no_cache"),
                 own + ": already exists: choose another --name");
  expect_refused(promote(file, "a", {}, "program_text"),
                 "program_text has no seeds of its own: it uses those of other targets");
  EXPECT_EQ(promote(file, "a", {}, "iova_all").status, 2);
  std::string other = bytes("other", "cache_get\ninit\nalloc\n");
  expect_refused(promote(other, "a"), other + ": 'alloc' is not an operation of iova_init_faults");
  std::string text;
  for (int i = 0; i < 100; i++) text += "cache_get\ncache_put\n";
  std::string large = bytes("large", text);
  expect_refused(promote(large, "a"),
                 large + ": 200 bytes exceed the 128 that iova_init_faults takes");
  std::string nothing = folder_.write("nothing.iova", "# nothing\n");
  expect_refused(promote(nothing, "a"), nothing + ": has no operations");
}

TEST_F(Promote, RefusesAFindingThatIsNotKnown) {
  NothingKnown nothing;
  std::string file = bytes("input", bug);
  CommandResult result = promote(file, "a", {"--force"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.output.rfind("iovafuzz: " + file + ": shows " + bug_key + " on port@6.", 0), 0u)
      << result.output;
  EXPECT_FALSE(fs::exists(seeds_));
}

TEST(CorpusStats, CountsFilesOperationsAndWhatNeverOccurs) {
  CorpusOf corpus(0);
  corpus.add("a.iova", "cache_get\ncache_put\n");
  corpus.add("b", bytes_of(program::parse("cache_get\ncache_put\n")));
  corpus.add("c.iova", bug);
  corpus.add("d.iova", "cache_get\nalloc\n");
  std::string odd = bytes_of(program::parse("cpus 3\n"));
  // An opcode without its operands.
  corpus.add("e", odd.substr(0, 1));
  // Files that AFL++ keeps beside its inputs.
  make_folder(corpus.folder() + "/.state/deterministic_done");
  corpus.add(".state/deterministic_done/id:000000,src:000001", "cache_get");
  corpus.add(".cur_input", "cache_get");
  auto row = tool_json({"corpus", "stats", corpus.folder()})[0];
  EXPECT_EQ(row["files"], 5);
  EXPECT_EQ(row["operations"], json({{"min", 1}, {"median", 2}, {"max", 4}}));
  EXPECT_EQ(row["uses"]["cache_get"], json({{"times", 4}, {"inputs", 4}}));
  EXPECT_EQ(row["uses"]["alloc"], json({{"times", 1}, {"inputs", 1}}));
  EXPECT_EQ(row["never"], json({"alloc_fast", "free_fast", "put"}));
  EXPECT_EQ(row["with_faults"], 1);
  EXPECT_EQ(row["duplicates"], 1);
  EXPECT_EQ(row["not_canonical"], 1);
  EXPECT_EQ(row["variants"].size(), std::size(port::named_revisions));
  for (const auto& variant : row["variants"]) EXPECT_GT(variant["edges"], 0);
  CommandResult text = tool({"corpus", "stats", corpus.folder()});
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.output.find("not an operation of the target"), std::string::npos) << text.output;
}

TEST(CorpusStats, OfACampaignLeavesOutWhatCannotBeMeasured) {
  CorpusOf first(1, "corpus/iova_init_faults"), compared(1, "corpus/iova_port_vs_kernel");
  fs::path campaign = fs::path(first.folder()).parent_path().parent_path();
  fs::rename(compared.folder(), campaign / "corpus/iova_port_vs_kernel");
  CommandResult result = tool({"corpus", "stats", campaign.string()});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.output.find("iovafuzz: left out: iova_port_vs_kernel compares kernel trees"),
            std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("iova_init_faults: 1 files"), std::string::npos) << result.output;
}

TEST(CorpusStats, OfWhatTheTextTargetReads) {
  CorpusOf corpus(0, "program_text");
  corpus.add("a.iova", "cache_get\n");
  corpus.add("b", "what is no program\n");
  auto row = tool_json({"corpus", "stats", corpus.folder()})[0];
  EXPECT_EQ(row["files"], 2);
  EXPECT_EQ(row["bytes"]["total"], 29);
  EXPECT_FALSE(row.contains("uses"));
  ASSERT_EQ(row["variants"].size(), 1u);
  EXPECT_GT(row["variants"][0]["edges"], 0);
}

}  // namespace
}  // namespace tool
