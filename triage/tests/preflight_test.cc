// SPDX-License-Identifier: GPL-2.0-only
// Builds with a planted mistake: each fails its own check and no other.
#include "triage/preflight/checks.h"

#include <elf.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "tool/support/build.h"
#include "tool/support/command_test.h"
#include "tool/support/files.h"
#include "triage/preflight/clusterfuzz.h"
#include "triage/preflight/crash_checks.h"
#include "triage/preflight/fuzz_binary.h"
#include "triage/preflight/target_files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

using Names = std::vector<std::string>;

std::string show(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks)
    if (!check.ok) text += fmt::format("{}: {}\n", check.name, check.why);
  return text;
}

Names failed(const std::vector<Check>& checks) {
  Names names;
  for (const Check& check : checks) {
    if (!check.ok) names.push_back(check.name);
    EXPECT_EQ(check.ok, check.why.empty()) << check.name << ": " << check.why;
  }
  return names;
}

// A target with 256 branches, each with sums that may overflow, and a test's own code.
std::string program(const std::string& special, const std::string& global = "") {
  std::string text =
      "#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
      "#include <string.h>\n#include <unistd.h>\n"
      "volatile int sum;\n" +
      global + "int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {\n" + special +
      "  if (size == 4 && !memcmp(data, \"boom\", 4)) abort();\n"
      "  for (size_t i = 0; i < size; i++) switch (data[i]) {\n";
  for (int i = 0; i < 256; i++)
    text += fmt::format("    case {0}: sum = sum * {1} + {0}; break;\n", i, i + 2);
  return text + "  }\n  return 0;\n}\n";
}

const Names address_flags{"-fsanitize=fuzzer,address", "-static-libstdc++"};

void compile(const fs::path& binary, const std::string& text, const Names& flags) {
  TemporaryFolder folder;
  Names words{cxx_compiler(), "-O1",          "-w", "-x", "c", folder.write("target.c", text),
              "-o",           binary.string()};
  words.insert(words.end(), flags.begin(), flags.end());
  CommandResult result = run_command(words, false);
  ASSERT_EQ(result.status, 0) << result.output;
}

// The folder of a correct build, with one target.
class Build {
 public:
  explicit Build(const std::string& text = program(""), const Names& flags = address_flags) {
    make_folder(out());
    compile(out() / "target", text, flags);
    write_file(out() / "target.dict", "# Words.\nword=\"\\x00\\\\\"\n\"plain\"\n");
    write_file(out() / "target.options", "[libfuzzer]\nmax_len = 64\ndict = target.dict\n");
    pack({{"one", "a seed"}, {"two", "another"}});
  }
  fs::path out() const { return folder_.path() / "out"; }
  void pack(const std::vector<std::pair<std::string, std::string>>& seeds) const {
    TemporaryFolder folder;
    std::vector<std::string> words{"env",
                                   "-C",
                                   folder.path().string(),
                                   "cmake",
                                   "-E",
                                   "tar",
                                   "cf",
                                   (out() / "target_seed_corpus.zip").string(),
                                   "--format=zip"};
    for (const auto& [name, content] : seeds) {
      folder.write(name, content);
      words.push_back(name);
    }
    CommandResult result = run_command(words, false);
    ASSERT_EQ(result.status, 0) << result.output;
  }
  std::vector<Check> inspect(const std::string& sanitizer = "address",
                             const std::string& target = "target") const {
    auto checks = tool::inspect(out(), {.sanitizer = sanitizer, .targets = {target}, .seconds = 5});
    EXPECT_TRUE(fs::is_directory(out()));
    EXPECT_FALSE(fs::exists(out().string() + ".moved"));
    return checks;
  }

 private:
  TemporaryFolder folder_;
};

TEST(Preflight, AGoodBuildPasses) {
  Build build;
  // Left by a killed run.
  fs::path moved = build.out().string() + ".moved";
  make_folder(moved);
  write_file(moved / "target", "old\n");
  fs::permissions(moved, fs::perms::owner_write, fs::perm_options::remove);
  auto checks = build.inspect();
  EXPECT_EQ(failed(checks), Names{}) << show(checks);
  EXPECT_GT(checks.size(), 15u);
}

TEST(Preflight, AnUndefinedBuildIsCounted) {
  auto checks =
      Build(program(""), {"-fsanitize=fuzzer,undefined", "-static-libstdc++"}).inspect("undefined");
  EXPECT_EQ(failed(checks), Names{}) << show(checks);
  checks = Build(program(""), address_flags).inspect("undefined");
  EXPECT_EQ(failed(checks)[0], "asan-calls") << show(checks);
}

TEST(PreflightLong, MistakesBesideTheTargetFailTheirCheckAlone) {
  struct Mistake {
    const char* what;
    std::function<void(const Build&)> plant;
    const char* check;
    const char* told;  // expected in the reason
    const char* target = "target";
  };
  auto write = [](const char* name, const char* text) {
    return [=](const Build& build) { write_file(build.out() / name, text); };
  };
  const std::vector<Mistake> mistakes{
      {"a word without its end", write("target.dict", "word=\"a\nother=\"b\"\n"), "dictionary",
       "line 1"},
      {"no word", write("target.dict", "# none\n"), "dictionary", "too few"},
      {"no INI", write("target.options", "max_len = 64\n"), "options", "line 1"},
      {"an unknown flag", write("target.options", "[libfuzzer]\nmax_length = 64\n"), "options",
       "no flag -max_length"},
      {"another's dictionary", write("target.options", "[libfuzzer]\ndict = none.dict\n"),
       "options", "none.dict is missing"},
      {"no zip", write("target_seed_corpus.zip", "nothing\n"), "seeds", "unzip"},
      {"an empty zip", [](const Build& build) { build.pack({}); }, "seeds", ""},
      {"half a zip",
       [](const Build& build) {
         fs::path path = build.out() / "target_seed_corpus.zip";
         write_file(path, read_file(path).substr(0, fs::file_size(path) / 2));
       },
       "seeds", "unzip"},
      {"a seed that crashes",
       [](const Build& build) {
         build.pack({{"calm", "x"}, {"wild", "boom"}});
       },
       "seeds-pass", "wild: "},
      {"no dictionary", [](const Build& build) { fs::remove(build.out() / "target.dict"); },
       "companions", "lacks target.dict"},
      {"a script",
       [](const Build& build) {
         write_file(build.out() / "helper.sh", "#!/bin/sh\n");
         fs::permissions(build.out() / "helper.sh", fs::perms::owner_all);
       },
       "no-strays", "helper.sh"},
      {"a copy in a folder",
       [](const Build& build) {
         make_folder(build.out() / "old");
         fs::copy(build.out() / "target", build.out() / "old/target");
         fs::permissions(build.out() / "old/target", fs::perms::owner_read);
       },
       "no-strays", "old/target"},
      {"a target that was not built", [](const Build&) {}, "present", "file is missing", "other"},
      {"no right to run it",
       [](const Build& build) {
         fs::permissions(build.out() / "target", fs::perms::owner_read | fs::perms::owner_write);
       },
       "present", "not executable"},
      {"a dot in the name",
       [](const Build& build) {
         for (const char* end : {"", ".dict", ".options", "_seed_corpus.zip"})
           fs::rename(build.out() / (std::string("target") + end),
                      build.out() / (std::string("tar.get") + end));
         write_file(build.out() / "tar.get.options", "[libfuzzer]\nmax_len = 64\n");
       },
       "name", "letters", "tar.get"},
  };
  Build good;
  for (const Mistake& mistake : mistakes) {
    SCOPED_TRACE(mistake.what);
    TemporaryFolder kept;
    fs::copy(good.out(), kept.path() / "out", fs::copy_options::recursive);
    mistake.plant(good);
    auto checks = good.inspect("address", mistake.target);
    if (std::string(mistake.target) == "other")  // the other target is a stray file
      std::erase_if(checks, [](const Check& check) { return check.name == "no-strays"; });
    EXPECT_EQ(failed(checks), Names{mistake.check}) << show(checks);
    EXPECT_NE(show(checks).find(mistake.told), std::string::npos) << show(checks);
    fs::remove_all(good.out());
    fs::copy(kept.path() / "out", good.out(), fs::copy_options::recursive);
  }
  EXPECT_EQ(failed(good.inspect()), Names{});
}

constexpr const char is_line[] = "size == 6 && !memcmp(data, \"input\\n\", 6)";

TEST(PreflightLong, MistakesOfProgramsFailTheirCheckAlone) {
  struct Mistake {
    const char* what;
    std::string text;
    Names flags;
    const char* check;
    const char* told;
  };
  const std::vector<Mistake> mistakes{
      {"hardly a branch",
       "#include <stddef.h>\nint LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) "
       "{ static volatile int n; if (size && *data == 'x') n++; return 0; }\n",
       address_flags, "edges", "too few"},
      {"no AddressSanitizer",
       program(""),
       {"-fsanitize=fuzzer", "-static-libstdc++"},
       "asan-calls",
       "too few"},
      {"two sanitizers",
       program(""),
       {"-fsanitize=fuzzer,address,undefined", "-static-libstdc++"},
       "ubsan-calls",
       "too many"},
      {"a crash of the line", program(fmt::format("  if ({}) abort();\n", is_line)), address_flags,
       "input-line", "ABRT"},
      {"a hang of the line", program(fmt::format("  while ({}) sum = 0;\n", is_line)),
       address_flags, "input-line", "within 5 s"},
      {"a crash of nothing", program("  if (size == 0) abort();\n"), address_flags, "start",
       "ABRT"},
      {"an end of its own", program("  static int runs; if (++runs == 3) exit(0);\n"),
       address_flags, "start", ""},
      {"a folder for libraries",
       program(""),
       {"-fsanitize=fuzzer,address", "-static-libstdc++", "-Wl,-rpath,/opt/none"},
       "rpath",
       "/opt/none"},
      {"a library of its own",
       program(""),
       {"-fsanitize=fuzzer,address"},
       "libraries",
       "libstdc++"},
  };
  for (const Mistake& mistake : mistakes) {
    SCOPED_TRACE(mistake.what);
    auto checks = Build(mistake.text, mistake.flags).inspect();
    EXPECT_EQ(failed(checks), Names{mistake.check}) << show(checks);
    EXPECT_NE(show(checks).find(mistake.told), std::string::npos) << show(checks);
  }
}

TEST(Preflight, InstrumentationIsMissed) {
  TemporaryFolder folder;
  Build build;
  std::string object = (folder.path() / "target.o").string();
  compile(object, program(""), {"-fsanitize=address", "-c"});
  CommandResult result =
      run_command({cxx_compiler(), object, "-o", (build.out() / "target").string(),
                   "-fsanitize=fuzzer,address", "-static-libstdc++"},
                  false);
  ASSERT_EQ(result.status, 0) << result.output;
  auto checks = build.inspect();
  EXPECT_EQ(failed(checks), Names{"instrumented"}) << show(checks);
}

TEST(Preflight, FoldersThatMustNotMatterAreFound) {
  Build build;
  write_file(build.out() / "data", "here\n");
  std::string path = (build.out() / "data").string();
  compile(build.out() / "target", program(fmt::format("  if (access(\"{}\", 0)) abort();\n", path)),
          address_flags);
  auto checks = build.inspect();
  EXPECT_EQ(failed(checks), Names{"relocatable"}) << show(checks);

  // Permissions do not stop root.
  compile(build.out() / "target",
          program("  char path[4096] = \"\";\n"
                  "  readlink(\"/proc/self/exe\", path, sizeof path - 8);\n"
                  "  FILE* file = fopen(strcat(path, \".log\"), \"w\");\n"
                  "  if (!file) abort();\n  fclose(file);\n"),
          address_flags);
  checks = build.inspect();
  EXPECT_EQ(failed(checks), Names{geteuid() == 0 ? "read-only" : "start"}) << show(checks);
}

TEST(Preflight, OtherProcessorsAreTold) {
  Elf64_Ehdr header{};
  std::copy_n(ELFMAG, SELFMAG, header.e_ident);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = EM_AARCH64;
  TemporaryFolder folder;
  auto file = [&] {
    return folder.write("binary", {reinterpret_cast<const char*>(&header), sizeof header});
  };
  EXPECT_TRUE(is_elf(fs::path(file())));
  EXPECT_EQ(architecture(file()), "machine 183 of class 2");
  header.e_machine = EM_X86_64;
  EXPECT_EQ(architecture(file()), "x86_64");
  EXPECT_FALSE(is_elf(fs::path(folder.write("text", "#!/bin/sh\n"))));
}

TEST(Dictionary, LinesAreTakenStrictly) {
  for (const char* good :
       {"a=\"b\"", "a@2=\"b\"", "\"b\"", "  a = \"\\x0f\\\\\\\"\"  ", "# \"", "", "a=\"b\"\r"}) {
    DictionaryFile file = parse_dictionary(good);
    EXPECT_TRUE(file.mistakes.empty()) << good << ": " << file.mistakes[0];
  }
  for (const char* bad : {"a", "a=", "a=\"", "a=\"\"", "a=\"b", "a=\"b\\\"", "a=\"b\"c\"", "a\"b\"",
                          "a b=\"c\"", "a@=\"c\"", "a@x=\"c\"", "a=\"\\n\"", "a=\"\\x1\"",
                          "a=\"\\xg0\"", "a=\"\x01\"", "a=\"\xc3\xa4\"", "a=\"b\" # why"})
    EXPECT_EQ(parse_dictionary(std::string("x=\"y\"\n") + bad).mistakes.size(), 1u) << bad;
  EXPECT_TRUE(parse_dictionary("\"" + std::string(64, 'a') + "\"").mistakes.empty());
  EXPECT_FALSE(parse_dictionary("\"" + std::string(65, 'a') + "\"").mistakes.empty());
  EXPECT_EQ(parse_dictionary("a=\"b\"\n#\n\n\"c\"\n").entries, 2u);
}

TEST(Options, LinesAreTakenStrictly) {
  OptionsFile file = parse_options("# why\n[libfuzzer]\nmax_len = 3\n\n[asan]\ndetect_leaks=0\n");
  EXPECT_TRUE(file.mistakes.empty()) << file.mistakes[0];
  ASSERT_EQ(file.options.size(), 2u);
  EXPECT_EQ(file.options[1].section + file.options[1].key + file.options[1].value,
            "asandetect_leaks0");
  for (const char* bad : {"", "[libfuzzer]\n", "max_len = 3\n", "[none]\na = 1\n", "[asan\na = 1\n",
                          "[asan]\na\n", "[asan]\na =\n", "[asan]\na = 1\na = 2\n",
                          "[asan]\na = 1\n[asan]\n", "[", "[asan]\na b = 1\n"})
    EXPECT_FALSE(parse_options(bad).mistakes.empty()) << bad;
}

// Output of targets: our lines, with lines of a sanitizer or engine before or after.
constexpr const char secret[] = "panic: FuzzerHash=a:b:c:none\nkernel BUG at a\n"
                                "    #2 0x0 in iova::b\n    #3 0x0 in iova::c\n",
                     open[] = "[iovafuzz:iova.c(0)] Check failed: FuzzerHash=a:b:c:none\n"
                              "    #2 0x0 in iova::b\n    #3 0x0 in iova::c\n",
                     poison[] = "==1==ERROR: AddressSanitizer: use-after-poison on address "
                                "0x60300000eff4 at pc 0x4f bp 0x7f sp 0x7f\n"
                                "READ of size 8 at 0x60300000eff4 thread T0\n"
                                "    #0 0x4f6d10 in port::iova /src/iova.cc:3:4\n",
                     index[] =
                         "/src/iova.cc:3:4: runtime error: index 128 out of bounds for type "
                         "'unsigned long[127]'\n    #0 0x4f6d10 in port::x /src/iova.cc:3:4\n",
                     aborted[] = "==1==ERROR: AddressSanitizer: ABRT on unknown address "
                                 "0x000000000001 (pc 0x7f bp 0x7f sp 0x7f T0)\n"
                                 "    #0 0x7f in raise (/lib/libc.so.6+0x1)\n"
                                 "    #1 0x4f in engine::run /src/engine/run.cc:1:1\n",
                     deadly[] = "==1== ERROR: libFuzzer: deadly signal\n"
                                "    #0 0x4f in __sanitizer_print_stack_trace (/t+0x1)\n"
                                "    #1 0x4f in engine::run /src/engine/run.cc:1:1\n";

struct ReadText {
  std::string text;
  const char* type;
  const char* state;
  bool security;
};

const std::vector<ReadText>& read_texts() {
  static constexpr char of_secret[] = "FuzzerHash=a:b:c:none\niova::b\niova::c\n",
                        of_open[] = "FuzzerHash=a:b:c:none in iova.c\niova::b\niova::c\n";
  static const std::vector<ReadText> all{
      {secret, "Kernel failure\nA", of_secret, true},
      {std::string(secret) + aborted, "Kernel failure\nA", of_secret, true},
      {std::string(secret) + deadly, "Kernel failure\nA", of_secret, true},
      {std::string(poison) + secret, "Kernel failure\nA", of_secret, true},
      {std::string(index) + secret, "Kernel failure\nA", of_secret, true},
      {open, "CHECK failure", of_open, false},
      {std::string(open) + aborted, "CHECK failure", of_open, false},
      {std::string(open) + deadly, "CHECK failure", of_open, false},
      {deadly, "Fatal-signal", "engine::run\n", false},
      {aborted, "Abrt", "engine::run\n", false},
  };
  return all;
}

TEST(Readings, FollowTheParsersRules) {
  for (const ReadText& row : read_texts()) {
    Reading reading = reading_of(row.text);
    EXPECT_EQ(reading.type, row.type) << row.text;
    EXPECT_EQ(reading.state, row.state) << row.text;
    EXPECT_EQ(reading.security, row.security) << row.text;
  }
  std::string longest = std::string("panic: FuzzerHash=") + std::string(100, 'a') + "\n";
  EXPECT_EQ(reading_of(longest).state.size(), 81u);
}

TEST(Readings, AreComparedAsTheComparerDoes) {
  Reading one{"", "FuzzerHash=a\nb\nc\n", false}, other{"", "FuzzerHash=a\nb\nd\n", false};
  EXPECT_TRUE(are_one(one, one));
  EXPECT_FALSE(are_one(one, other));
  other = one;
  other.security = true;
  EXPECT_FALSE(are_one(one, other));
  // By similarity of states.
  EXPECT_TRUE(
      are_one({"", "iova-overlap\niova::check\n", false}, {"", "iova-leak\niova::check\n", false}));
}

// Rows are in the order of the oracles, so that a new oracle needs a row.
TEST(Readings, AreRecordedForEveryOracle) {
  std::vector<OracleCrash> crashes = crash_of_every_oracle();
  std::vector<Reading> readings;
  ASSERT_EQ(crashes.size(), recorded_readings().size());
  for (size_t i = 0; i < crashes.size(); i++) {
    const RecordedReading& row = recorded_readings()[i];
    EXPECT_EQ(crashes[i].oracle, row.oracle);
    readings.push_back(reading_of(crashes[i].text));
    EXPECT_EQ(readings[i].type, row.type);
    EXPECT_EQ(readings[i].security, row.security) << row.oracle;
    EXPECT_TRUE(readings[i].state.starts_with("FuzzerHash=" + crashes[i].oracle + ":"));
    for (size_t j = 0; j < i; j++)
      EXPECT_FALSE(are_one(readings[i], readings[j])) << row.oracle << crashes[j].oracle;
  }
}

// The same by ClusterFuzz's own code, if there is a clone.
TEST(ClusterFuzzLong, ReadsAsWeWroteDown) {
  const char* clone = getenv("IOVAFUZZ_CLUSTERFUZZ");
  if (!clone)
    GTEST_SKIP() << "ClusterFuzz's own parser was not asked: IOVAFUZZ_CLUSTERFUZZ is unset";
  ClusterFuzz judge{fs::path(clone)};
  std::vector<CrashText> texts;
  for (const ReadText& row : read_texts()) texts.push_back({row.text, true});
  ClusterFuzz::Answers answers = judge.read(texts);
  for (size_t i = 0; i < texts.size(); i++) {
    const ReadText& row = read_texts()[i];
    EXPECT_EQ(answers.readings[i].type, row.type) << row.text;
    EXPECT_EQ(answers.readings[i].state, row.state) << row.text;
    EXPECT_EQ(answers.readings[i].security, row.security) << row.text;
  }
  std::vector<CrashOfBuild> crashes;
  for (const OracleCrash& crash : crash_of_every_oracle(std::string(end_of_report) + aborted))
    for (bool symbolized : {false, true})
      crashes.push_back(
          {"address", {crash.oracle, 0, crash.oracle + ":", {crash.text, symbolized}}});
  EXPECT_EQ(failed(check_crashes(judge, crashes)), Names{});
}

// Fails before anything is built.
TEST(PreflightCommand, SaysWhoCannotJudge) {
  TemporaryFolder folder;
  const std::string here = folder.path().string();
  auto says = [](const std::vector<std::string>& words, const std::string& why) {
    CommandResult result = tool(words);
    EXPECT_EQ(result.status, 2) << result.output;
    EXPECT_NE(result.output.find(why), std::string::npos) << result.output;
  };
  says({"preflight", "--oss-fuzz", here}, here + " is not a clone of OSS-Fuzz");
  says({"preflight", "--clusterfuzz", here}, here + " is not a clone of ClusterFuzz");
  says({"preflight", "--engine", "afl", "--out", here}, "give --oss-fuzz");
}

}  // namespace
}  // namespace tool
