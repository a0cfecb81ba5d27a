// SPDX-License-Identifier: GPL-2.0-only
// corpus promote: turns an input into a seed, as text with a comment.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "tool/corpus/corpus.h"
#include "tool/corpus/seed_text.h"
#include "tool/replay/isolate.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/targets.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Arguments {
  std::string file, name, comment, to;
  CorpusOptions options;
  bool force = false;
};

void check_name(const std::string& name) {
  bool is_snake_case = !name.empty() && islower(static_cast<unsigned char>(name[0])) &&
                       name.back() != '_' && name.find("__") == std::string::npos &&
                       std::all_of(name.begin(), name.end(), [](unsigned char c) {
                         return islower(c) || isdigit(c) || c == '_';
                       });
  if (!is_snake_case)
    throw Failure(
        fmt::format("--name {}: use lower-case words, as in depot_trimmed_by_delayed_work", name));
}

void check_input(const fuzz::Target& target, const Member& member) {
  std::string path = member.path.string();
  const program::Program& program = member.input.program;
  if (program.operations.empty()) throw Failure(fmt::format("{}: has no operations", path));
  for (const program::Operation& operation : program.operations)
    if (std::find(target.operations.begin(), target.operations.end(), operation.code) ==
        target.operations.end())
      throw Failure(fmt::format("{}: '{}' is not an operation of {}", path,
                                program::print(operation), target.name));
  size_t size = to_bytes(member.input).size();
  if (size > target.max_len)
    throw Failure(fmt::format("{}: {} bytes exceed the {} that {} takes", path, size,
                              target.max_len, target.name));
  const iova_variant& fixed = VariantChoice().variant();
  std::string key = run_isolated(fixed, program).key();
  if (!key.empty())
    throw Failure(fmt::format("{}: shows {} on {}: a finding, not a seed", path, key, fixed.name));
}

struct Gain {
  std::string variant;
  CoverCount count;
};

// Coverage that an input adds to the seeds. Throws Failure if the input crashes a variant.
std::vector<Gain> gains(const Member& member, const std::vector<fs::path>& folders,
                        const fuzz::Target& target, const CorpusOptions& options) {
  Corpus corpus = read_corpus(target, folders);
  if (!corpus.complaints.empty()) throw Failure(corpus.complaints[0]);
  corpus.members.push_back(member);
  const size_t number = corpus.members.size() - 1;
  auto binaries = cover_binaries(target, options.variants);
  Cover cover = measure_cover(corpus, binaries, options.timeout);
  if (!cover.inputs[number].died_on.empty())
    for (const DeadMember& row : dead_members(corpus, cover, binaries))
      if (row.member == &corpus.members[number])
        throw Failure(fmt::format("{}: shows {} on {}, where it is not a known issue: a finding, "
                                  "not a seed",
                                  member.path.string(), row.key, row.variant));
  auto all = living_members(cover), seeds = all;
  std::erase(seeds, number);
  auto before = count_cover(cover, seeds, binaries.size());
  auto after = count_cover(cover, all, binaries.size());
  std::vector<Gain> gains;
  for (size_t i = 0; i < binaries.size(); i++)
    gains.push_back({binaries[i].variant,
                     {after[i].edges - before[i].edges, after[i].features - before[i].features}});
  return gains;
}

int promote(const Arguments& arguments) {
  const fuzz::Target& target = find_target(arguments.options.target);
  if (target.compares || target.reads_text)
    throw Failure(
        fmt::format("{} has no seeds of its own: it uses those of other targets", target.name));
  check_name(arguments.name);
  fs::path own = source_folder() / "corpus" / target.name;
  fs::path folder = arguments.to.empty() ? own : fs::path(arguments.to);
  fs::path seed = folder / (arguments.name + ".iova");
  std::vector<fs::path> folders{own};
  std::error_code error;
  if (fs::is_directory(folder, error) && !fs::equivalent(folder, own, error))
    folders.push_back(folder);
  for (const fs::path& other : folders)
    if (fs::path same = other / seed.filename(); fs::exists(same, error))
      throw Failure(fmt::format("{}: already exists: choose another --name", same.string()));
  Member member = read_member(target, arguments.file, "");
  check_input(target, member);
  const program::Program& program = member.input.program;
  const std::string text =
      seed_text(member.input, arguments.name, arguments.comment,
                places_of_pauses(program, Recorder().run(VariantChoice().variant(), program)));
  if (program::parse(text) != program)
    throw Failure(fmt::format("{}: its text parses to a different program", arguments.file));

  auto found = gains(member, folders, target, arguments.options);
  bool adds = std::any_of(found.begin(), found.end(),
                          [](const Gain& gain) { return gain.count.features > 0; });
  if (!adds && !arguments.force)
    throw Failure(fmt::format("{}: adds no coverage to the seeds of {}: --force promotes it "
                              "anyway",
                              arguments.file, target.name));
  make_folder(folder);
  write_file(seed, text);
  if (arguments.options.json) {
    json variants = json::array();
    for (const Gain& gain : found)
      variants.push_back({{"variant", gain.variant},
                          {"edges", gain.count.edges},
                          {"features", gain.count.features}});
    fmt::print("{}", to_text({{"seed", seed.string()}, {"variants", variants}}));
    return nothing_new;
  }
  fmt::print("{}\n  {:<32} {:>12} {:>14}\n", seed.string(), "variant", "new edges", "new features");
  for (const Gain& gain : found)
    fmt::print("  {:<32} {:>12} {:>14}\n", gain.variant, gain.count.edges, gain.count.features);
  if (fs::equivalent(folder, own, error))
    fmt::print("next: {} test --only {}_{}\n", launcher(), target.name, arguments.name);
  else
    fmt::print("next: {} sweep {}\n", launcher(), quoted(seed.string()));
  return nothing_new;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("corpus promote", "adds an input to the seeds, as text");
  line.option("FILE", arguments.file, "input").required();
  arguments.options.add_to(line);
  line.get("--target").required();
  line.option("--name NAME", arguments.name,
              "name of the seed, which says what it reaches: hole_below_the_limit_is_found")
      .required();
  line.option("--comment SENTENCE", arguments.comment,
              "comment for the first line: a sentence about the scenario");
  line.option("--to DIR", arguments.to, "folder for the seed (default: corpus/TARGET)");
  line.flag("--force", arguments.force, "add the seed even if it covers nothing new");
  line.example("iovafuzz corpus promote --target iova_tree --name low_hole_is_found FILE",
               "writes corpus/iova_tree/low_hole_is_found.iova");
  return line.run(argc, argv, [&] { return promote(arguments); });
}
