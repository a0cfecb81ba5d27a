// SPDX-License-Identifier: GPL-2.0-only
// corpus minimize: selects inputs that together cover as much as the whole corpus, on every
// variant.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "tool/corpus/corpus.h"
#include "tool/findings/findings.h"
#include "tool/support/command_line.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/json.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  CorpusOptions options;
  std::string out;
  bool in_place = false;
};

struct Minimized {
  const Corpus* corpus;
  std::vector<CoverBinary> binaries;
  std::vector<size_t> living, kept;
  std::vector<DeadMember> dead;
  std::vector<CoverCount> before, after;  // per variant

  std::set<const Member*> dead_ones() const {
    std::set<const Member*> ones;
    for (const DeadMember& row : dead) ones.insert(row.member);
    return ones;
  }
  size_t bytes(const std::vector<size_t>& numbers) const {
    size_t sum = 0;
    for (size_t i : numbers) sum += corpus->members[i].input.content.size();
    return sum;
  }
};

Minimized minimize(const Corpus& corpus, const CorpusOptions& options) {
  Minimized result{&corpus, cover_binaries(*corpus.target, options.variants), {}, {}, {}, {}, {}};
  const size_t variants = result.binaries.size();
  Cover cover = measure_cover(corpus, result.binaries, options.timeout);
  result.living = living_members(cover);
  result.dead = dead_members(corpus, cover, result.binaries);
  result.before = count_cover(cover, result.living, variants);
  result.kept = choose_cover(cover.inputs, cover_costs(corpus), {}, result.living);

  // Verifies that the kept inputs alone have the same coverage.
  std::vector<std::string> kept;
  for (size_t i : result.kept) kept.push_back(corpus.members[i].bytes);
  Cover again = measure_cover(*corpus.target, result.binaries, kept, options.timeout);
  result.after = count_cover(again, living_members(again), variants);
  for (size_t i = 0; i < variants; i++)
    if (result.after[i] != result.before[i])
      throw Failure(
          fmt::format("{} on {}: the inputs' coverage differs between runs ({} features, then {}): "
                      "nothing was written",
                      corpus.target->name, result.binaries[i].variant, result.before[i].features,
                      result.after[i].features));
  return result;
}

// Copies inputs under their own names, or under their content hash if the name is taken.
class Copies {
 public:
  void add(const fs::path& folder, const Member& member) {
    fs::path to = folder / member.path.filename();
    if (copies_.contains(to) || exists(to))
      to = folder / (content_hash(member.input.content) + (member.input.is_text ? ".iova" : ""));
    copies_.emplace(to, &member);
  }
  void write() const {
    for (const auto& [to, member] : copies_) {
      make_folder(to.parent_path());
      write_file(to, member->input.content);
    }
  }

 private:
  static bool exists(const fs::path& path) {
    std::error_code none;
    return fs::exists(path, none);
  }
  std::map<fs::path, const Member*> copies_;
};

// A sibling folder, since engines read a corpus folder recursively.
fs::path crashing_beside(const fs::path& folder) { return named_path(folder) += "-crashing"; }

void write_out(const Minimized& result, const fs::path& out) {
  make_folder(out);
  Copies copies;
  for (size_t i : result.kept) copies.add(out, result.corpus->members[i]);
  for (const Member* member : result.dead_ones()) copies.add(crashing_beside(out), *member);
  copies.write();
}

void clean_up(const Minimized& result) {
  Copies copies;
  for (const Member* member : result.dead_ones())
    copies.add(crashing_beside(member->folder), *member);
  copies.write();
  std::set<fs::path> kept;
  for (size_t i : result.kept) kept.insert(fs::canonical(result.corpus->members[i].path));
  for (const Member& member : result.corpus->members) {
    std::error_code error;
    // The same folder may be named twice.
    if (!fs::exists(member.path, error) || kept.contains(fs::canonical(member.path))) continue;
    fs::remove(member.path, error);
    if (error)
      throw Failure(
          fmt::format("{}: cannot be removed: {}", member.path.string(), error.message()));
  }
}

void print(const Minimized& result) {
  fmt::print("{}: {} files ({} bytes) of {} ({} bytes) cover the same\n",
             result.corpus->target->name, result.kept.size(), result.bytes(result.kept),
             result.living.size(), result.bytes(result.living));
  fmt::print("  {:<32} {:>15} {:>19}\n", "variant", "edges", "features");
  for (size_t i = 0; i < result.binaries.size(); i++)
    fmt::print("  {:<32} {:>6} of {:>5} {:>8} of {:>7}\n", result.binaries[i].variant,
               result.after[i].edges, result.before[i].edges, result.after[i].features,
               result.before[i].features);
  if (!result.dead.empty()) fmt::print("inputs that crash a variant and belong in no corpus:\n");
  print_dead(result.dead);
}

json before_after(size_t before, size_t after) { return {{"before", before}, {"after", after}}; }

json to_json(const Minimized& result) {
  json variants = json::array(), kept = json::array();
  for (size_t i = 0; i < result.binaries.size(); i++)
    variants.push_back(
        {{"variant", result.binaries[i].variant},
         {"edges", before_after(result.before[i].edges, result.after[i].edges)},
         {"features", before_after(result.before[i].features, result.after[i].features)}});
  for (size_t i : result.kept) kept.push_back(result.corpus->members[i].path.string());
  return {{"target", result.corpus->target->name},
          {"files", before_after(result.living.size(), result.kept.size())},
          {"bytes", before_after(result.bytes(result.living), result.bytes(result.kept))},
          {"variants", variants},
          {"kept", kept},
          {"crashing", tool::to_json(result.dead)},
          {"complaints", result.corpus->complaints}};
}

int minimize(const Arguments& arguments) {
  if (!arguments.out.empty()) {
    std::error_code error;
    bool is_new = !fs::exists(arguments.out, error);
    if (!is_new && (!fs::is_directory(arguments.out) || !fs::is_empty(arguments.out)))
      throw Failure(fmt::format("{}: already exists: choose another --out, or add to it with "
                                "corpus merge --into",
                                arguments.out));
  }
  auto folders = find_corpora(arguments.folders, arguments.options.target);
  leave_out_unmeasurable(folders, arguments.options);
  bool nested = std::any_of(folders.begin(), folders.end(),
                            [](const CorpusFolders& each) { return each.is_one_of_many; });
  int status = nothing_new;
  json rows = json::array();
  for (const CorpusFolders& each : folders) {
    Corpus corpus = read_corpus(*each.target, each.folders);
    print_complaints(corpus.complaints);
    Minimized result = minimize(corpus, arguments.options);
    fs::path out = arguments.out;
    if (!out.empty())
      write_out(result, nested || folders.size() > 1 ? out / each.target->name : out);
    if (arguments.in_place) clean_up(result);
    if (!corpus.complaints.empty() || !result.dead.empty()) status = findings;
    if (arguments.options.json)
      rows.push_back(to_json(result));
    else
      print(result);
    fflush(stdout);
  }
  if (arguments.options.json) fmt::print("{}", to_text(rows));
  return status;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("corpus minimize", "removes inputs whose coverage others have");
  line.option("DIR", arguments.folders, "corpus of a target, or folder with a corpus per target")
      .required();
  arguments.options.add_to(line);
  line.option("--out DIR", arguments.out,
              "new folder for copies of the kept inputs; crashing inputs go to a folder beside it");
  line.flag("--in-place", arguments.in_place,
            "remove redundant inputs; crashing inputs go to a folder beside the corpus")
      .excludes("--out");
  line.example("iovafuzz corpus minimize --in-place .campaign",
               "minimizes the corpora of a campaign");
  return line.run(argc, argv, [&] { return minimize(arguments); });
}
