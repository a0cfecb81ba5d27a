// SPDX-License-Identifier: GPL-2.0-only
// Reads corpora of targets from folders: text programs (*.iova) and bytes as engines write them.
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
  bool is_one_of_many = false;  // found inside a folder with corpora of several targets
};

// Finds corpora in folders, in the order of targets. A folder with the name of a target is that
// target's corpus; another folder is a campaign or has folders named so. If target is given, takes
// that target's part of each folder, or else the whole folder. Throws Failure.
std::vector<CorpusFolders> find_corpora(const std::vector<std::string>& folders,
                                        const std::string& target);

struct Member {
  std::filesystem::path path, folder;  // folder: the corpus
  Input input;                         // has no program if the target reads text
  std::string bytes;                   // the input as the target reads it
};
struct Corpus {
  const fuzz::Target* target;
  std::vector<Member> members;          // in the order of folders and paths
  std::vector<std::string> complaints;  // a sentence for each file that is no input
};
Corpus read_corpus(const fuzz::Target& target, const std::vector<std::filesystem::path>& folders);
// Throws Failure.
Member read_member(const fuzz::Target& target, const std::filesystem::path& path,
                   const std::filesystem::path& folder);

Cover measure_cover(const Corpus& corpus, const std::vector<CoverBinary>& binaries,
                    std::chrono::milliseconds timeout);
std::vector<CoverCost> cover_costs(const Corpus& corpus);

// An input that ends the process on a variant.
struct DeadMember {
  const Member* member;
  std::string variant, key;
};
std::vector<DeadMember> dead_members(const Corpus& corpus, const Cover& cover,
                                     const std::vector<CoverBinary>& binaries);
// Indexes of the members that are not dead.
std::vector<size_t> living_members(const Cover& cover);

// Options shared by the commands on corpora.
struct CorpusOptions {
  std::string target;
  std::vector<std::string> variants;
  std::chrono::milliseconds timeout{25'000};
  bool json = false;
  void add_to(CommandLine& line);
};

// If there are corpora of several targets, reports and drops those that cannot be measured.
void leave_out_unmeasurable(std::vector<CorpusFolders>& corpora, const CorpusOptions& options);

// One line for each input; the same as JSON.
void print_dead(const std::vector<DeadMember>& dead);
json to_json(const std::vector<DeadMember>& dead);
void print_complaints(const std::vector<std::string>& complaints);

}  // namespace tool
