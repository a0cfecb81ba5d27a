// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/command_test.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <regex>

#include "engine/ledger.h"
#include "iova/revision.h"
#include "program/dictionary.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr const char life[] =
    "cpus 2\ncache_get\ninit\ninit_rcaches\nalloc_fast\nfree_fast\nput\ncache_put\n";
// A request that cannot be carried out prints one sentence and exits with status 2.
void expect_refused(const std::vector<std::string>& arguments, const std::string& sentence) {
  CommandResult result = tool(arguments);
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.output, "iovafuzz: " + sentence + "\n");
}

TEST(BadInput, UnknownOperationIsNamedWithItsLine) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", "cache_get\n\nalloc_slow\n");
  for (const char* command : {"show", "assemble", "disassemble", "replay", "sweep"})
    expect_refused({command, file}, file + ":3: unknown operation 'alloc_slow'");
}

TEST(BadInput, OperandOutOfRangeIsNamedWithItsLine) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", "cpus 9\n");
  expect_refused({"show", file}, file + ":1: cpus 9 is out of range: 1 to 8");
}

TEST(BadInput, TextThatWasCutOffIsNotTakenForAShorterProgram) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", "cache_get\nalloc size=1");
  expect_refused({"replay", file},
                 file + ":2: the last line has no newline: is the file truncated?");
}

TEST(BadInput, EmptyFileIsRefused) {
  TemporaryFolder folder;
  std::string file = folder.write("crash-0", "");
  expect_refused({"replay", file}, file + ": is empty (0 bytes): was it truncated?");
}

TEST(BadInput, MissingFileFolderAsFileAndEmptyFolderAreRefused) {
  TemporaryFolder folder;
  std::string missing = (folder.path() / "missing").string();
  expect_refused({"show", missing}, missing + ": No such file or directory");
  expect_refused({"show", folder.path().string()}, folder.path().string() + ": is a folder");
  expect_refused({"replay", folder.path().string()}, folder.path().string() + ": holds no files");
}

TEST(BadInput, UnreadableFileIsRefused) {
  TemporaryFolder folder;
  std::string file = folder.write("crash-1", "x");
  fs::permissions(file, fs::perms::none);
  if (access(file.c_str(), R_OK) == 0) {
    // Root can read any file; only a process' memory at address 0 is unreadable.
    expect_refused({"show", "/proc/self/mem"}, "/proc/self/mem: cannot be read completely");
    return;
  }
  expect_refused({"show", file}, file + ": Permission denied");
}

TEST(BadInput, UnwritableOutIsRefused) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", life);
  std::string out = file + "/out";
  expect_refused({"assemble", file, "--out", out}, out + ": Not a directory");
  expect_refused({"assemble", file, "--out", "/proc/out"}, "/proc/out: No such file or directory");
}

TEST(BadInput, UnknownNamesAreToldWithTheKnownOnes) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", life);
  expect_refused(
      {"show", file, "--revision", "5.4"},
      fmt::format("unknown revision '5.4': choose from {}", fmt::join(revisions(), ", ")));
  std::string targets;
  for (const fuzz::Target* target : fuzz::targets)
    targets += fmt::format("{}{}", targets.empty() ? "" : ", ", target->name);
  expect_refused({"run", "iova_all"}, "unknown target 'iova_all': choose from " + targets);
  expect_refused({"run", "iova_port_vs_kernel"},
                 "iova_port_vs_kernel: it compares a kernel tree with the matching revision of the "
                 "port: give such a tree with --kernel");
  expect_refused({"run", "program_text", "--revision", "6.12"},
                 "program_text: it tests the text form of programs and uses no allocator");
  for (auto [arguments, words] :
       std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>{
           {{"run", "--engine", "honggfuzz"}, {"honggfuzz", "libfuzzer, aflpp, both"}},
           {{"run", "--sanitizer", "memory"}, {"memory", "both, address, undefined, none"}},
           {{"run", "--time", "1 fortnight"}, {"1 fortnight", "30s, 10m or 2h"}},
           {{"run", "iova_domian"}, {"did you mean 'iova_domain'?"}},
           {{"show", file, "--revision", "7.4"}, {"did you mean '7.3'?"}},
           {{"show", file, "--defect", "max32-not-rest"}, {"did you mean 'max32-not-reset'?"}},
           {{"run", "--tim", "5s"}, {"'--tim'", "did you mean '--time'?", "run --help"}},
           {{"list", "wishes"}, {"wishes", "targets, operations"}}}) {
    CommandResult result = tool(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
    for (const std::string& word : words)
      EXPECT_NE(result.output.find(word), std::string::npos) << result.output;
  }
}

// Writes to /dev/full fail as on a full disk.
TEST(Output, ThatIsLostIsAFailure) {
  TemporaryFolder folder;
  const std::string file = folder.write("a.iova", life);
  std::string many = life;
  for (int i = 0; i < 1000; i++) many += "tick 1\n";  // more than one write
  const std::string large = folder.write("large.iova", many);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"assemble", file},
           {"disassemble", file},
           {"show", file},
           {"show", large},
           {"replay", "--json", file},
           {"kunit", "--revision", "6.12", folder.write("bug.iova", bug)},
           {"status", "--help"},
           {"list"}}) {
    std::string line;
    for (const std::string& word : command_words(words)) line += quoted(word) + " ";
    CommandResult result = run_command({"bash", "-c", line + ">/dev/full"}, false);
    EXPECT_EQ(result.status, 2) << line;
    EXPECT_EQ(result.output, "iovafuzz: cannot write the output: No space left on device\n")
        << line;
  }
}

// An unset shell variable must not select another allocator or folder.
TEST(BadInput, EmptyValueIsNotTakenForNone) {
  TemporaryFolder folder;
  const std::string file = folder.write("a.iova", life);
  const auto refused = [](const std::string& command, const std::string& name) {
    return fmt::format("{}: the value is empty (iovafuzz {} --help)", name, command);
  };
  for (const char* command :
       {"show", "replay", "known", "run", "triage", "minimize", "sweep", "cost", "kunit", "litmus",
        "explore", "reproducer", "mail", "coverage", "affected", "confirm", "mutants"})
    for (const char* form : {"--kernel", "--kernel="}) {
      std::vector<std::string> words{command, form};
      if (form == std::string("--kernel")) words.push_back("");
      words.push_back(file);
      expect_refused(words, refused(command, "--kernel"));
    }
  for (const char* name : {"--out", "--defect", "--revision", "--sync", "--forget", "--jobs"})
    expect_refused({"run", name, ""}, refused("run", name));
  expect_refused({"status", ""}, refused("status", "DIR"));
  expect_refused({"replay", file, ""}, refused("replay", "FILE"));
}

TEST(BadInput, NumbersBelowZeroAreRefused) {
  TemporaryFolder folder;
  const std::string file = folder.write("a.iova", life);
  for (auto [command, name] : {std::pair{"diff", "--programs"},
                               {"diff", "--seed"},
                               {"run", "--keep-free"},
                               {"run", "--jobs"},
                               {"triage", "--minimize-executions"},
                               {"confirm", "--programs"}})
    for (const char* number : {"-1", " -1"})
      expect_refused({command, name, number, file},
                     fmt::format("{}: '{}' is not a number of 0 or more (iovafuzz {} --help)", name,
                                 number, command));
  expect_refused({"cost", "--ranges", "100,-1", file},
                 "--ranges: '-1' is not a number of 0 or more (iovafuzz cost --help)");
  EXPECT_EQ(tool({"diff", "7.3", "7.3", file, "--programs", "18446744073709551615"}).status, 2);
}

TEST(BadInput, WhatLacksAnArgumentSaysSo) { EXPECT_EQ(tool({"minimize", "x"}).status, 2); }

TEST(BadInput, TextThatIsTooLargeForBytesIsNotAssembled) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", "cache_get\ninit\nalloc x100000\n");
  expect_refused({"assemble", file}, file + ": is too large for a fuzz input: the limits are 1024 "
                                            "per count and 16384 calls in total");
  std::string one = folder.write("seed.iova", life);
  fs::create_directory(folder.path() / "other");
  std::string two = folder.write("other/seed.iova", life);
  expect_refused({"assemble", one, two, "--out", (folder.path() / "out").string()},
                 two + " and " + one + ": their results would have the same name");
}

// Allocates single pages from the top and frees the first; its gap is too small for the request.
TEST(Cost, GrowsWithTheRangesThatASearchPasses) {
  TemporaryFolder folder;
  std::string file = folder.write(
      "a.iova", "cache_get\ninit\ninit_rcaches\nalloc_fast slot=b\nalloc x600\nfree oldest\n"
                "find slot=b\nalloc size=2 slot=c x3\n");
  auto result = tool_json({"cost", file, "--ranges", "100,1000"});
  EXPECT_EQ(result["program"], "cache_get\ninit\nalloc x600\nfree oldest\nalloc slot=c size=2\n");
  EXPECT_EQ(result["curve"].size(), 2u);
  for (const auto& point : result["curve"])
    EXPECT_NEAR(point["steps"].get<double>(), point["ranges"].get<double>(), 3);
  EXPECT_NEAR(result["curve"][1]["ranges"].get<double>(), 1000, 3);
  EXPECT_LT(result["curve"][1]["steps_when_repeated"], 100);
}

TEST(Cost, OfAnAllocatorOfItsOwn) {
  TemporaryFolder folder;
  std::string file =
      folder.write("a.iova", "cache_get\ninit\nalloc x50\nfree oldest\nalloc size=2\n");
  for (const std::string& revision : revisions()) {
    auto result = tool_json({"cost", file, "--revision", revision, "--ranges", "50"});
    EXPECT_EQ(result["curve"][0]["steps"], 51) << revision;
  }
}

// One timer releases the rings of all CPUs, each under its own lock.
TEST(Cost, TellsOfAWholeHandlerAndWhatCapsIt) {
  TemporaryFolder folder;
  std::string text = "cpus 8\ncache_get\ninit\ninit_rcaches\nqueue_init\n";
  for (int cpu = 0; cpu < 8; cpu++)
    text += fmt::format("cpu {}\nalloc_fast size=64 x254\nqueue x254\n", cpu);
  auto result = tool_json({"cost", folder.write("a.iova", text + "tick 10\n"), "--ranges", "4000"});
  const json& handler = result["handler"];
  EXPECT_EQ(handler["operation"], 29) << to_text(result);
  EXPECT_GT(handler["steps"], 8 * 254);
  EXPECT_LT(handler["longest_stretch"], handler["steps"]);
  EXPECT_GE(handler["longest_stretch"], 254);
  ASSERT_EQ(result["caps"].size(), 1u) << to_text(result);
  EXPECT_EQ(result["caps"][0].get<std::string>().rfind("a ring holds 255 ranges", 0), 0u);
  // A flush empties two magazines of a CPU, however many ranges were freed.
  result =
      tool_json({"cost",
                 folder.write("b.iova", "cpus 1\ncache_get\ninit\ninit_rcaches\nalloc_fast x200\n"
                                        "free_fast x200\nalloc_fast slot=b size=64 limit=20\n"),
                 "--ranges", "1000"});
  ASSERT_EQ(result["caps"].size(), 1u) << to_text(result);
  EXPECT_EQ(result["caps"][0].get<std::string>().rfind("a CPU's magazines hold 254 ranges", 0), 0u);
}

TEST(Show, AnnotatesOperationsWithWhatTheyReturned) {
  TemporaryFolder folder;
  CommandResult result = tool({"show", folder.write("a.iova", life)});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.output.find("3  init_rcaches      0\n"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("4  alloc_fast        0xfffff\n"), std::string::npos);
  EXPECT_NE(result.output.find("no finding, trace "), std::string::npos);
}

// Text may ask for more calls than bytes can hold.
TEST(Show, RunsEveryCallOfATextAndSaysWhichBytesAreIgnored) {
  TemporaryFolder folder;
  CommandResult result =
      tool({"show", folder.write("a.iova", "cache_get\ninit\nalloc x4000\nfree x4000\n")});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.output.find("4000 of 4000, from pfn 0xfffff"), std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("too large for a fuzz input"), std::string::npos);
  const std::string bytes(program::max_operations + 3, '\0');
  result = tool({"show", folder.write("bytes", bytes)});
  EXPECT_NE(result.output.find("operation 1024 exceeds"), std::string::npos)
      << result.output.substr(0, 200);
  EXPECT_NE(result.output.find("the last 3 bytes are ignored"), std::string::npos);
}

TEST(Show, MarksTheOperationAtFaultAndNamesTheInjectedFault) {
  TemporaryFolder folder;
  CommandResult result = tool({"show", folder.write("a.iova", bug), "--revision", "6.12"});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.output.find(std::string("3  init_rcaches      <- ") + bug_key),
            std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("fault injected: operation 3 (init_rcaches), its 5th attempt: "
                               "kmem_cache_alloc(iommu_iova_magazine) of 1024 bytes, GFP_KERNEL, "
                               "in iova_magazine_alloc()"),
            std::string::npos);
}

constexpr const char bug_note[] =
    " (known: mag-free-null, rcache init frees NULL magazines when it fails half-way)";

TEST(Known, KeysSaySoWhereverTheyArePrinted) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", bug), other = folder.write("b.iova", life);
  for (auto arguments :
       {std::vector<std::string>{"show", file}, {"replay", file}, {"sweep", other}}) {
    arguments.insert(arguments.end(), {"--revision", "6.12"});
    CommandResult result = tool(arguments);
    EXPECT_NE(result.output.find(bug_key + bug_note), std::string::npos) << result.output;
  }
  EXPECT_EQ(tool_json({"show", file, "--revision", "6.12"})["known"], "mag-free-null");
  json ids{{bug_key, "mag-free-null"}};
  EXPECT_EQ(tool_json({"replay", file, "--revision", "6.12"})[0]["known"], ids);
  bool swept = false;
  auto rows = tool_json({"sweep", other, "--revision", "6.12"});
  for (const auto& row : rows[0]["operations"]) swept |= row["known"] == ids;
  EXPECT_TRUE(swept);
}

TEST(Known, FindingsAreGonePastIfAsked) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", std::string(bug) + "alloc size=64 limit=50\n"
                                                               "alloc size=64\n");
  constexpr const char next_key[] = "hint-lower-limit:alloc_iova:alloc:none";
  auto keys = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"replay", "--revision", "6.12", file});
    return tool_json(arguments)[0]["keys"];
  };
  EXPECT_EQ(keys({}), json({{bug_key, 1}}));
  EXPECT_EQ(keys({"--past", bug_key}), json({{next_key, 1}}));
  EXPECT_EQ(keys({"--past", bug_key, "--past", next_key}), json({{"clean", 1}}));
  EXPECT_EQ(keys({"--past", "ledger"}), json({{"clean", 1}}));

  CommandResult shown = tool({"show", "--revision", "6.12", "--past", bug_key, file});
  EXPECT_EQ(shown.status, 1);
  EXPECT_NE(shown.output.find(std::string("ignored: ") + bug_key), std::string::npos)
      << shown.output;
  shown = tool({"show", "--revision", "6.12", "--past", "ledger", file});
  EXPECT_EQ(shown.status, 0);
  EXPECT_NE(shown.output.find("no other finding, trace "), std::string::npos) << shown.output;
}

TEST(Known, FindingsAreListed) {
  CommandResult listed = tool({"list", "known"});
  EXPECT_EQ(listed.status, 0);
  for (const engine::KnownFinding& finding : engine::ledger())
    EXPECT_NE(listed.output.find("  " + finding.id + ": " + finding.title + "\n"),
              std::string::npos);
  for (const char* words : {" show --revision 6.12 ", "corpus/iova_init_faults/magazine_"})
    EXPECT_NE(listed.output.find(words), std::string::npos);
  EXPECT_NE(tool({"list"}).output.find(listed.output), std::string::npos);
  auto rows = tool_json({"list"})["known"];
  ASSERT_EQ(rows.size(), engine::ledger().size());
  EXPECT_EQ(rows[0]["id"], "mag-free-null");
  EXPECT_EQ(rows[0]["upstream"], "fa8fb60d3637, v7.1");
}

TEST(List, SeedsHaveTheirStories) {
  const std::string seed = "corpus/iova_tree/adjacent_reservations_stay_apart.iova";
  const std::string listed = tool({"list", "seeds", "iova_tree"}).output;
  EXPECT_NE(listed.find(seed + "\n  Reservations that touch"), std::string::npos) << listed;
  EXPECT_EQ(listed.find("SPDX"), std::string::npos);
  EXPECT_EQ(listed.find("corpus/iova_rcache/"), std::string::npos);
  EXPECT_EQ(tool_json({"list", "seeds"})["seeds"].size(), seeds().size());
  EXPECT_EQ(tool({"list", "seeds", "iova_trees"}).status, 2);
}

TEST(Assemble, BytesAndTextMeanTheSame) {
  TemporaryFolder folder;
  fs::path corpus = source_folder() / "corpus", text = folder.path() / "text";
  std::string bytes = (folder.path() / "bytes").string();
  ASSERT_EQ(tool({"assemble", corpus.string(), "--out", bytes}).status, 0);
  ASSERT_EQ(tool({"disassemble", bytes, "--out", text.string()}).status, 0);
  for (const fs::path& seed : seeds())
    EXPECT_EQ(read_file(text / seed.lexically_relative(corpus)),
              program::print(read_input(seed).program))
        << seed;
}

TEST(Replay, TellsHowOftenEachKeyCame) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", bug);
  auto rows = tool_json({"replay", file, "--revision", "6.12", "--times", "3"});
  EXPECT_EQ(rows[0]["keys"], json({{bug_key, 3}}));
  rows = tool_json({"replay", file, "--revision", "7.3", "--times", "3"});
  EXPECT_EQ(rows[0]["keys"], json({{"clean", 3}}));
}

// Decoding the text target's input as bytes would give arbitrary operations.
TEST(Replay, TakesTheTargetFromATestcasesName) {
  TemporaryFolder folder;
  std::string testcase = folder.write("clusterfuzz-testcase-minimized-program_text-4711",
                                      "init\nalloc size=1\nno operation\n");
  std::string report = folder.write("HONGGFUZZ.REPORT.TXT", "=====\nTIME: now\n");
  folder.write("HF.sanitizer.log.4711", "==4711==ERROR: iovafuzz: a:b:c:none\n");
  json rows = tool_json({"replay", folder.path().string()});
  ASSERT_EQ(rows.size(), 1u) << to_text(rows);
  EXPECT_EQ(rows[0]["file"], testcase);
  EXPECT_EQ(rows[0]["variant"], "text");
  EXPECT_EQ(rows[0]["keys"], (json{{"clean", 1}}));
  CommandResult refused = tool({"triage", report, "--out", (folder.path() / "out").string()});
  EXPECT_EQ(refused.status, 2) << refused.output;
  EXPECT_NE(refused.output.find(report + ": is a honggfuzz report, not an input"),
            std::string::npos)
      << refused.output;
  CommandResult shown = tool({"show", testcase});
  EXPECT_EQ(shown.status, 0);
  EXPECT_EQ(shown.output, testcase + ": 31 bytes of text\nno finding\n");
}

TEST(Replay, GoesOnAfterAFinding) {
  TemporaryFolder folder;
  folder.write("1.iova", bug);
  folder.write("2.iova", life);
  folder.write("3.iova", bug);
  auto rows = tool_json({"replay", folder.path().string(), "--revision", "6.12"});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows[0]["keys"].contains(bug_key));
  EXPECT_TRUE(rows[1]["keys"].contains("clean"));
  EXPECT_TRUE(rows[2]["keys"].contains(bug_key));
}

struct SweptRcacheInit {
  size_t points, clean;
  json keys;
};

SweptRcacheInit sweep_rcache_init(const char* revision) {
  TemporaryFolder folder;
  auto rows = tool_json({"sweep", folder.write("a.iova", life), "--revision", revision});
  for (const auto& row : rows[0]["operations"])
    if (row["text"] == "init_rcaches") return {row["points"], row["clean"], row["keys"]};
  return {};
}

TEST(Sweep, RcacheInitFailsAtEveryMagazineOfRevisionsWithTheBug) {
  for (const port::NamedRevision& revision : port::named_revisions) {
    const port::Revision behaviour = port::revision_of(revision.version);
    SweptRcacheInit swept = sweep_rcache_init(revision.name);
    bool frees_null = behaviour.named_magazine_cache && !behaviour.magazine_free_checks_null;
    EXPECT_EQ(swept.points, behaviour.lazy_magazines ? 8u : 32u) << revision.name;
    EXPECT_EQ(swept.clean, frees_null ? 8u : swept.points) << revision.name;
    EXPECT_EQ(swept.keys, frees_null ? json({{bug_key, 24}}) : json::object()) << revision.name;
  }
  EXPECT_EQ(sweep_rcache_init("6.12").clean, 8u);
}

TEST(Words, AreTakenBackAsTheyWereQuoted) {
  const std::vector<std::string> words{"plain", "with space", "it's", "a\\b", "", "'", "--x=\"y\""};
  std::string line;
  for (const std::string& word : words) line += quoted(word) + "  ";
  EXPECT_EQ(unquoted(line), words);
  EXPECT_TRUE(unquoted("  ").empty());
}

TEST(Words, OptionsChooseTheSameVariantAgain) {
  VariantChoice defect;
  defect.revision = "6.12";
  defect.defect = "no-second-pass";
  VariantChoice tree;
  tree.kernel = "/some where/it's";
  tree.strict = true;
  for (const VariantChoice& choice : {VariantChoice(), defect, tree}) {
    const VariantChoice again = choice_of(choice.options());
    EXPECT_EQ(again.options(), choice.options());
    EXPECT_EQ(again.kernel, choice.kernel);
    EXPECT_EQ(again.revision, choice.revision);
    EXPECT_EQ(again.strict, choice.strict);
  }
}

TEST(Isolate, ACheckReportsWhatIsNotKnown) {
  auto check = [] {
    std::vector<engine::Report> reports(2);
    reports[0].key = "text-error:parse:text:none";
    reports[1].key = "text-roundtrip:parse:init:none";
    return reports;
  };
  EXPECT_EQ(check_isolated(check, {}).key(), "text-error:parse:text:none");
  Outcome second = check_isolated(check, {"text-error:parse:text:none"});
  EXPECT_EQ(second.key(), "text-roundtrip:parse:init:none");
  EXPECT_EQ(second.known_met, std::vector<std::string>{"text-error:parse:text:none"});
  Outcome none = check_isolated(check, {"text-error:parse:text:none", second.key()});
  EXPECT_EQ(none.kind, Outcome::clean);
  EXPECT_EQ(none.known_met.size(), 2u);
  EXPECT_EQ(check_isolated([]() -> std::vector<engine::Report> { abort(); }, {}).key(), "unknown");
}

TEST(Dictionaries, HaveOneTokenALineThatEnginesTake) {
  static const std::regex token("[A-Za-z0-9_]+=\"(\\\\x[0-9a-f]{2})+\"");
  for (const fuzz::Target* target : fuzz::targets) {
    std::istringstream lines(
        program::dictionary(target->name, target->operations, target->reads_text));
    for (std::string line; std::getline(lines, line);) {
      if (line[0] == '#') continue;
      EXPECT_TRUE(std::regex_match(line, token)) << line;
    }
  }
}

TEST(Targets, HaveSeedsAndNothingElseDoes) {
  std::set<std::string> with_seeds, corpora;
  for (const fuzz::Target* target : judging_targets()) with_seeds.insert(target->name);
  for (const auto& entry : fs::directory_iterator(source_folder() / "corpus"))
    corpora.insert(entry.path().filename().string());
  EXPECT_EQ(corpora, with_seeds);
}

}  // namespace
}  // namespace tool
