// SPDX-License-Identifier: GPL-2.0-only
// corpus merge: adds inputs that extend a corpus's coverage.
#include <fmt/core.h>

#include <algorithm>

#include "tool/corpus/corpus.h"
#include "tool/findings/findings.h"
#include "tool/support/command_line.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/json.h"
#include "tool/support/targets.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Arguments {
  std::string into;
  std::vector<std::string> from;
  CorpusOptions options;
};

// Writes text if all files there are text, otherwise bytes, since engines read every file as bytes.
void add(const fs::path& into, const fuzz::Target& target, bool as_text, const Member& member) {
  std::string content = member.bytes;
  if (as_text && !target.reads_text)
    content = member.input.is_text ? member.input.content : program::print(member.input.program);
  write_file(into / (content_hash(content) + (as_text ? ".iova" : "")), content);
}

int merge(const Arguments& arguments) {
  std::error_code error;
  const fs::path into = named_path(arguments.into);
  std::string name = arguments.options.target;
  if (name.empty()) name = into.filename().string();
  const fuzz::Target& target = find_target(name);

  Corpus corpus = fs::exists(into, error) ? read_corpus(target, {into}) : Corpus{&target, {}, {}};
  const size_t size = corpus.members.size();
  bool as_text = size && std::all_of(corpus.members.begin(), corpus.members.end(),
                                     [](const Member& member) { return member.input.is_text; });
  Corpus more = read_corpus(target, find_corpora(arguments.from, name)[0].folders);
  corpus.members.insert(corpus.members.end(), more.members.begin(), more.members.end());
  corpus.complaints.insert(corpus.complaints.end(), more.complaints.begin(), more.complaints.end());
  print_complaints(corpus.complaints);

  auto binaries = cover_binaries(target, arguments.options.variants);
  Cover cover = measure_cover(corpus, binaries, arguments.options.timeout);
  std::vector<size_t> given, candidates;
  for (size_t i : living_members(cover)) (i < size ? given : candidates).push_back(i);
  auto added = choose_cover(cover.inputs, cover_costs(corpus), given, candidates);
  auto before = count_cover(cover, given, binaries.size());
  make_folder(into);
  for (size_t i : added) add(into, target, as_text, corpus.members[i]);

  std::vector<size_t> all = given;
  all.insert(all.end(), added.begin(), added.end());
  auto after = count_cover(cover, all, binaries.size());
  auto dead = dead_members(corpus, cover, binaries);
  if (arguments.options.json) {
    json variants = json::array(), files = json::array();
    for (size_t i = 0; i < binaries.size(); i++)
      variants.push_back({{"variant", binaries[i].variant},
                          {"edges", after[i].edges - before[i].edges},
                          {"features", after[i].features - before[i].features}});
    for (size_t i : added) files.push_back(corpus.members[i].path.string());
    fmt::print("{}", to_text({{"target", target.name},
                              {"into", into.string()},
                              {"read", more.members.size()},
                              {"added", files},
                              {"variants", variants},
                              {"crashing", to_json(dead)},
                              {"complaints", corpus.complaints}}));
  } else {
    fmt::print("{}: {} of {} inputs extend the {} of {}\n", target.name, added.size(),
               more.members.size(), size, into.string());
    fmt::print("  {:<32} {:>12} {:>14}\n", "variant", "new edges", "new features");
    for (size_t i = 0; i < binaries.size(); i++)
      fmt::print("  {:<32} {:>12} {:>14}\n", binaries[i].variant, after[i].edges - before[i].edges,
                 after[i].features - before[i].features);
    if (!dead.empty()) fmt::print("inputs that crash a variant, left in place:\n");
    print_dead(dead);
  }
  return corpus.complaints.empty() && dead.empty() ? nothing_new : findings;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("corpus merge", "adds inputs that extend a corpus");
  line.option("FROM", arguments.from, "corpus of a target, or folder with a corpus per target")
      .required();
  line.option("--into DIR", arguments.into, "corpus that receives the inputs; its files are kept")
      .required();
  arguments.options.add_to(line);
  line.example("iovafuzz corpus merge --into corpus/iova_tree .campaign",
               "adds the inputs of the campaign that cover more than the seeds");
  return line.run(argc, argv, [&] { return merge(arguments); });
}
