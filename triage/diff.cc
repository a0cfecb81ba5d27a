// SPDX-License-Identifier: GPL-2.0-only
// diff: runs the same programs on two allocators and reports the first difference in behaviour.
#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "engine/compare.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/replay/random_program.h"
#include "tool/support/command_line.h"
#include "tool/support/counter.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/report_text.h"
#include "tool/support/words.h"
#include "tool/variants/kernel.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  std::string expected, actual;
  std::vector<std::string> files;
  uint64_t programs = 20'000;
  uint64_t seed = 1;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string> ignored;
  std::string out;
  bool json = false;
};

std::vector<std::string> ignorable_words() {
  std::vector<std::string> words;
  for (const engine::Ignorable& one : engine::ignorables) words.push_back(one.name);
  return words;
}

// A bit mask; bits are in the order of ignorable_words().
unsigned bits_of(const std::vector<std::string>& ignored) {
  const std::vector<std::string> words = ignorable_words();
  unsigned bits = 0;
  for (const std::string& word : ignored) {
    auto at = std::find(words.begin(), words.end(), word);
    if (at == words.end())
      throw Failure("--ignore: " + unknown_word("kind of difference", word, words));
    bits |= 1u << (at - words.begin());
  }
  return bits;
}

// The result of a comparison, for JSON and for people. If a program was cut short, it is unknown
// whether the two sides differ.
struct Verdict {
  const char* name;
  const char* words;
};
Verdict verdict(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::clean: return {"same", "behave the same"};
    case Outcome::timeout: return {"timeout", "are not compared: a program hangs on one of them"};
    case Outcome::crash: return {"crash", "are not compared: a program crashes one of them"};
    case Outcome::finding: break;
  }
  if (outcome.key().starts_with("variants-differ:")) return {"differ", "differ"};
  return {"finding", "are not compared: a program ends with a finding on one of them"};
}

// Compiler notes of both sides, without duplicates.
std::vector<std::string> notes_of(const Arguments& arguments) {
  std::vector<std::string> all;
  for (const std::string& word : {arguments.expected, arguments.actual})
    if (const std::string kernel = parse_variant(word).kernel; !kernel.empty())
      for (const std::string& note : compiler_notes(find_kernel_tree(kernel)))
        if (std::find(all.begin(), all.end(), note) == all.end()) all.push_back(note);
  return all;
}

int diff(const Arguments& arguments) {
  const unsigned ignored = bits_of(arguments.ignored);
  const iova_variant& expected = parse_variant(arguments.expected).variant();
  const iova_variant& actual = parse_variant(arguments.actual).variant();
  std::vector<Input> inputs;
  if (!arguments.files.empty())
    for (const auto& file : expand(arguments.files)) inputs.push_back(read_input(file));
  auto program_of = [&](uint64_t number) {
    return number < inputs.size() ? inputs[number].program
                                  : random_program(arguments.seed, number - inputs.size(), inputs);
  };
  uint64_t count = inputs.size() + arguments.programs;
  Counter counter(stdout);
  Comparison comparison = compare_isolated(
      expected, actual, count, arguments.jobs, program_of,
      [&](uint64_t done) {
        if (!arguments.json) counter.show(fmt::format("{} of {} programs", done, count));
      },
      ignored);
  const Outcome& outcome = comparison.outcome;
  bool same = outcome.kind == Outcome::clean;
  std::string text = !same ? program::print(program_of(comparison.number)) : "";
  if (!same && !arguments.out.empty()) write_file(arguments.out, text);
  if (arguments.json) {
    json result{{"expected", expected.name},       {"actual", actual.name},
                {"programs", comparison.programs}, {"ignored", arguments.ignored},
                {"result", verdict(outcome).name}, {"key", outcome.key()}};
    if (!same) result["program"] = text;
    if (outcome.report) result["values"] = outcome.report->values;
    json notes = json::array();
    for (const std::string& note : notes_of(arguments)) notes.push_back(note);
    result["notes"] = notes;
    fmt::print("{}", to_text(result));
    return same ? nothing_new : findings;
  }
  counter.clear();
  for (const std::string& note : notes_of(arguments)) fmt::print("note: {}\n", note);
  fmt::print("{} and {} {}{} {} programs{}\n", expected.name, actual.name, verdict(outcome).words,
             same ? ":" : ", after", comparison.programs, same ? "" : " without a difference");
  if (same) return nothing_new;
  if (outcome.report)
    fmt::print("{}", report_text(*outcome.report));
  else
    fmt::print("{}\n{}\nprogram:\n{}", outcome.key(), outcome.log, text);
  return findings;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("diff", "compares two allocators on the same programs");
  const char* variant =
      "REVISION, REVISION+DEFECT, debian:VERSION, or the path of a kernel tree; append ,hz=250 or ,locals=zero to build a tree that way";
  std::string kinds;
  for (const engine::Ignorable& one : engine::ignorables)
    kinds += fmt::format("{}{} ({})", kinds.empty() ? "" : ", ", one.name, one.words);
  line.option("EXPECTED", arguments.expected, variant).required();
  line.option("ACTUAL", arguments.actual, variant).required();
  line.option("FILE", arguments.files, "input or folder of inputs to compare first");
  line.option("--programs", arguments.programs, "number of random programs to compare")
      .range(0, 1e12);
  line.option("--seed", arguments.seed, "seed of the random programs");
  line.option("--jobs", arguments.jobs, "number of parallel processes")
      .range(1, 1024)
      .shown_default("one per processor");
  line.option("--ignore KIND,...", arguments.ignored, "differences to ignore: " + kinds)
      .delimited_by(',');
  line.option("--out FILE", arguments.out, "file for the program that shows the first difference");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz diff debian:6.12 ~/linux corpus",
               "compares a patched tree with Debian's 6.12");
  line.example("iovafuzz diff ~/linux ~/linux,locals=zero corpus",
               "shows whether the tree depends on uninitialized variables");
  return line.run(argc, argv, [&] { return diff(arguments); });
}
