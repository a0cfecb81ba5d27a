// SPDX-License-Identifier: GPL-2.0-only
// Corpora of targets in folders: text programs (*.iova) and bytes as engines leave them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "tool/corpus/cover.h"
#include "tool/replay/input.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"

namespace tool {

struct CorpusFolders {
  const fuzz::Target* target;
  std::vector<std::filesystem::path> folders;
  bool is_one_of_many = false;  // its folder was found in one that holds corpora by target
};

// The corpora that folders hold, in the order of targets. A folder is that of the target with its
// name; else a campaign, or another folder that has such folders. With a target's name given, what
// a folder has of that target, or else all of it. Throws Failure.
std::vector<CorpusFolders> find_corpora(const std::vector<std::string>& folders,
                                        const std::string& target);

struct Member {
  std::filesystem::path path, folder;  // folder: of the corpus
  Input input;                         // for a target that reads text: without a program
  std::string bytes;                   // as the target takes them
};
struct Corpus {
  const fuzz::Target* target;
  std::vector<Member> members;          // in the order of folders and paths
  std::vector<std::string> complaints;  // on files that are no inputs, a sentence each
};
Corpus read_corpus(const fuzz::Target& target, const std::vector<std::filesystem::path>& folders);
// Throws Failure.
Member read_member(const fuzz::Target& target, const std::filesystem::path& path,
                   const std::filesystem::path& folder);

Cover measure_cover(const Corpus& corpus, const std::vector<CoverBinary>& binaries,
                    std::chrono::milliseconds timeout);
std::vector<CoverCost> cover_costs(const Corpus& corpus);

// An input that a variant does not survive.
struct DeadMember {
  const Member* member;
  std::string variant, key;
};
std::vector<DeadMember> dead_members(const Corpus& corpus, const Cover& cover,
                                     const std::vector<CoverBinary>& binaries);
// By number: those that are not dead.
std::vector<size_t> living_members(const Cover& cover);

// Options that the commands on corpora share.
struct CorpusOptions {
  std::string target;
  std::vector<std::string> variants;
  std::chrono::milliseconds timeout{25'000};
  bool json = false;
  void add_to(CommandLine& line);
};

// Of many corpora, those that cannot be measured are told and left out.
void leave_out_unmeasurable(std::vector<CorpusFolders>& corpora, const CorpusOptions& options);

// One input a line, as sentences and as JSON.
void print_dead(const std::vector<DeadMember>& dead);
json to_json(const std::vector<DeadMember>& dead);
void print_complaints(const std::vector<std::string>& complaints);

}  // namespace tool
