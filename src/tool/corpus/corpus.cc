// SPDX-License-Identifier: GPL-2.0-only
#include "tool/corpus/corpus.h"

#include <fmt/core.h>

#include "fuzz/targets.h"
#include "tool/findings/findings.h"
#include "tool/replay/judge.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/targets.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

bool is_folder(const fs::path& path) {
  std::error_code none;
  return fs::is_directory(path, none);
}

// The folder of a target's corpus inside a folder that may have several; "" if there is none.
fs::path part_for(const fs::path& folder, const fuzz::Target& target) {
  for (const fs::path& part : {folder / "corpus" / target.name, folder / target.name})
    if (is_folder(part)) return part;
  return "";
}

}  // namespace

std::vector<CorpusFolders> find_corpora(const std::vector<std::string>& folders,
                                        const std::string& target) {
  std::vector<CorpusFolders> corpora;
  for (const fuzz::Target* each : fuzz::targets) corpora.push_back({each, {}});
  const fuzz::Target* chosen = target.empty() ? nullptr : &find_target(target);
  for (const std::string& folder : folders) {
    if (!is_folder(folder)) throw Failure(fmt::format("{}: is not a folder", folder));
    const fuzz::Target* named = target_named(named_path(folder).filename().string());
    bool found = false;
    for (CorpusFolders& corpus : corpora) {
      if (chosen && chosen != corpus.target) continue;
      fs::path part = chosen || !named ? part_for(folder, *corpus.target) : "";
      bool is_it = part.empty() && (chosen ? chosen : named) == corpus.target;
      if (is_it) part = folder;
      if (part.empty()) continue;
      found = true;
      corpus.folders.push_back(part);
      corpus.is_one_of_many |= !is_it && !chosen;
    }
    if (!found)
      throw Failure(fmt::format(
          "{}: neither it nor a folder in it is named after a target: give --target", folder));
  }
  std::erase_if(corpora, [](const CorpusFolders& corpus) { return corpus.folders.empty(); });
  return corpora;
}

Member read_member(const fuzz::Target& target, const fs::path& path, const fs::path& folder) {
  if (target.reads_text) {
    std::string content = read_file(path);
    bool is_text = path.extension() == ".iova";
    return {path, folder, {path, is_text, content, {}}, content};
  }
  Input input = read_crash(path);
  std::string bytes = input.is_text ? to_bytes(input) : input.content;
  return {path, folder, std::move(input), std::move(bytes)};
}

Corpus read_corpus(const fuzz::Target& target, const std::vector<fs::path>& folders) {
  Corpus corpus{&target, {}, {}};
  for (const fs::path& folder : folders)
    for (const FoundFile& file : find_files({folder.string()})) {
      try {
        corpus.members.push_back(read_member(target, file.path, folder));
      } catch (const Failure& failure) {
        corpus.complaints.push_back(failure.what());
      }
    }
  return corpus;
}

Cover measure_cover(const Corpus& corpus, const std::vector<CoverBinary>& binaries,
                    std::chrono::milliseconds timeout) {
  std::vector<std::string> inputs;
  for (const Member& member : corpus.members) inputs.push_back(member.bytes);
  return measure_cover(*corpus.target, binaries, inputs, timeout);
}

std::vector<CoverCost> cover_costs(const Corpus& corpus) {
  std::vector<CoverCost> costs;
  for (const Member& member : corpus.members)
    costs.push_back({member.bytes.size(), content_hash(member.bytes)});
  return costs;
}

std::vector<DeadMember> dead_members(const Corpus& corpus, const Cover& cover,
                                     const std::vector<CoverBinary>& binaries) {
  std::vector<DeadMember> dead;
  for (size_t i = 0; i < corpus.members.size(); i++)
    for (size_t variant : cover.inputs[i].died_on) {
      Judge judge(tested(binaries[variant].choice), true);
      std::string key = judge.replay(corpus.members[i].input, *corpus.target, {}).key();
      dead.push_back(
          {&corpus.members[i], binaries[variant].variant, key.empty() ? "unreproduced" : key});
    }
  return dead;
}

std::vector<size_t> living_members(const Cover& cover) {
  std::vector<size_t> living;
  for (size_t i = 0; i < cover.inputs.size(); i++)
    if (cover.inputs[i].died_on.empty()) living.push_back(i);
  return living;
}

void CorpusOptions::add_to(CommandLine& line) {
  line.option("--target TARGET", target, "target of the corpus (default: the folder's name)");
  line.option(
          "--variant VARIANT", variants,
          "variant to run beside the port's revisions: REVISION+DEFECT, debian:VERSION or the path of a kernel tree; may be repeated")
      .one_at_a_time();
  line.option("--timeout", timeout, "time limit of one run").range(1, 1e6);
  line.flag("--json", json, "print JSON");
}

void leave_out_unmeasurable(std::vector<CorpusFolders>& corpora, const CorpusOptions& options) {
  std::erase_if(corpora, [&](const CorpusFolders& corpus) {
    std::string why;
    if (corpus.is_one_of_many) why = cover_obstacle(*corpus.target, options.variants);
    if (!why.empty()) fmt::print(stderr, "iovafuzz: left out: {}\n", why);
    return !why.empty();
  });
}

void print_dead(const std::vector<DeadMember>& dead) {
  for (const DeadMember& row : dead)
    fmt::print("{}: {} on {}\n", row.member->path.string(), row.key, row.variant);
}

json to_json(const std::vector<DeadMember>& dead) {
  json rows = json::array();
  for (const DeadMember& row : dead)
    rows.push_back(
        {{"file", row.member->path.string()}, {"variant", row.variant}, {"key", row.key}});
  return rows;
}

void print_complaints(const std::vector<std::string>& complaints) {
  for (const std::string& complaint : complaints) fmt::print(stderr, "iovafuzz: {}\n", complaint);
}

}  // namespace tool
