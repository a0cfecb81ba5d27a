// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "tool/support/command_test.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

// A program, its finding on a variant, and a line that the C file must contain.
struct Reproduced {
  const char* name;
  std::vector<std::string> variant;
  const char* program;
  const char* key;
  const char* line;
};

const Reproduced table[] = {
    {"TheNullMagazineOfThePort",
     {"--revision", "6.12"},
     "cache_get\ninit\nfail 0x10\ninit_rcaches\n",
     "slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc",
     "\treproducer_operation(\"init_rcaches\");\n\treproducer_fail(4);\n"
     "\tiova_domain_init_rcaches(domain[0]);\n"},
    {"TheNullMagazineOfTheKernel",
     {"--kernel", "debian:6.12"},
     "cache_get\ninit\nfail 0x10\ninit_rcaches\n",
     "slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc",
     "extern const struct iova_variant kernel_variant;\n"},
    {"ARefusalThatTakesAModelToSee",
     {"--revision", "7.3"},
     "cache_get\ninit\nalloc size=64 limit=30\nalloc size=64\n",
     "hint-lower-limit:alloc_iova:alloc:none",
     "\tiova[1] = alloc_iova(domain[0], 64, 0xfffff, true); /* NULL */\n\treproducer_compare("},
    {"ALoopOfCalls",
     {"--defect", "depot-work-not-rearmed"},
     "cpus 1\ncache_get\ninit\ninit_rcaches\nalloc_fast x509\nfree_fast x509\ntick 100\n",
     "depot-work-wrong:iova_depot_work_func:tick:none",
     "\tfor (i = 508; i >= 0; i--)\n\t\tfree_iova_fast(domain[0], pfn[i], 1);\n"},
    {"CpusAndTheirEnd",
     {"--defect", "dead-cpu-keeps-prev"},
     "cache_get\ninit\ninit_rcaches\ncpu 1\nalloc_fast x200\nfree_fast x200\noffline 1\n",
     "rcache-contents:iova_cpuhp_dead:offline:none",
     "\tshim_set_current_cpu(0);\n\tshim_cpu_offline(1);\n"},
    {"WhatIsLeftAtTheEnd",
     {"--defect", "queue-leaks-pages-at-teardown"},
     "cache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast\nqueue\nput\n",
     "page-leak:queue_iova:end:none",
     "reproducer_end(true);\n"},
};

void PrintTo(const Reproduced& row, std::ostream* out) { *out << row.name; }

class Reproducer : public testing::TestWithParam<Reproduced> {};

TEST_P(Reproducer, ShowsTheSameKeyWithoutAnEngine) {
  TemporaryFolder folder;
  std::vector<std::string> words{"reproducer", folder.write("a.iova", GetParam().program)};
  words.insert(words.end(), GetParam().variant.begin(), GetParam().variant.end());
  auto result = tool_json(words);
  EXPECT_EQ(result["key"], GetParam().key) << to_text(result);
  EXPECT_EQ(result["reproduces"], true) << to_text(result);
  std::string source = read_file(result["source"].get<std::string>());
  EXPECT_NE(source.find(GetParam().line), std::string::npos) << source;
}

INSTANTIATE_TEST_SUITE_P(Table, Reproducer, testing::ValuesIn(table),
                         [](const auto& info) { return std::string(info.param.name); });

// The same C file with a correct allocator.
TEST(ReproducerFile, FindsNothingWhereTheBugIsFixed) {
  for (const Reproduced& row : table) {
    if (row.variant[0] != "--revision") continue;
    TemporaryFolder folder;
    auto result = tool_json(
        {"reproducer", "--revision", row.variant[1], folder.write("a.iova", row.program)});
    std::string command = result["compile"], library = "ports/v" + row.variant[1] + "/port.so";
    std::replace(library.begin(), library.end() - 3, '.', '_');
    size_t at = command.find(library);
    ASSERT_NE(at, std::string::npos) << command;
    command.replace(at, library.size(), "ports/fixed/port.so");
    EXPECT_EQ(run_command({"bash", "-c", command}, false).status, 0) << command;
    CommandResult ran = run_command({result["program"]}, false);
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_EQ(ran.output, "nothing found\n");
  }
}

// Crash names of libFuzzer, AFL++ and this tool: without an extension, or with their own.
TEST(ReproducerCommand, LeavesTheInputAndItsNeighboursAlone) {
  TemporaryFolder folder;
  for (const char* name : {"crash-1234", "crash.5678", "crash-9.iova", "crash.c.run"}) {
    const std::string file = folder.write(name, bug);
    const std::string beside = folder.write("crash-9", "a crash");
    json result = tool_json({"reproducer", "--revision", "6.12", file});
    EXPECT_EQ(result["reproduces"], true) << to_text(result);
    EXPECT_EQ(read_file(file), bug);
    EXPECT_EQ(read_file(beside), "a crash");
  }
  const std::string file = folder.write("crash.c", bug);
  for (const std::string& out : {file, (folder.path() / "." / "crash.c").string()}) {
    CommandResult refused = tool({"reproducer", "--revision", "6.12", file, "--out", out});
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.output.find(out + ": is the input"), std::string::npos) << refused.output;
    EXPECT_EQ(read_file(file), bug);
  }
  const std::string program = folder.write("x.c.run", bug);
  CommandResult refused = tool(
      {"reproducer", "--revision", "6.12", program, "--out", (folder.path() / "x.c").string()});
  EXPECT_EQ(refused.status, 2);
  EXPECT_EQ(read_file(program), bug);
}

TEST(ReproducerCommand, SaysWhatItCannotDo) {
  TemporaryFolder folder;
  CommandResult clean = tool({"reproducer", folder.write("a.iova", "cache_get\n")});
  EXPECT_EQ(clean.status, 2);
  EXPECT_NE(clean.output.find("a.iova: shows no finding on port@fixed"), std::string::npos);
  CommandResult overlap =
      tool({"reproducer", "--defect", "queue-timer-not-waited-for",
            (source_folder() / "corpus/iova_flush_queue/domain_is_put_while_its_timer_runs.iova")
                .string(),
            "--out", (folder.path() / "x.c").string()});
  EXPECT_EQ(overlap.status, 2);
  EXPECT_EQ(overlap.output, "iovafuzz: C code cannot express overlapping operations\n");
}

}  // namespace
}  // namespace tool
