// SPDX-License-Identifier: GPL-2.0-only
// A folder that several campaigns share, on one machine or many. The corpus is common, and inputs
// are named by content hash. Everything else that a campaign writes is in its own folder, so that
// no two campaigns write the same file:
//   corpus/TARGET/     inputs
//   machines/NAME/     findings, logs and summary of one campaign, as usual
// Campaigns may start and end at any time; each ignores the findings of the others.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace tool {

using nlohmann::json;
class FileLock;

// Membership of a running campaign in a shared folder.
class Membership {
 public:
  // Uses this host's name, with a number appended if a campaign already runs under that name.
  // Throws Failure.
  explicit Membership(const std::filesystem::path& shared);
  ~Membership();
  const std::string& name() const { return name_; }
  std::filesystem::path folder() const;
  // Random seed that differs from those of other campaigns.
  unsigned seed() const;

 private:
  std::filesystem::path shared_;
  std::string name_;
  std::unique_ptr<FileLock> lock_;
};

std::filesystem::path corpus_of(const std::filesystem::path& shared);
bool is_shared(const std::filesystem::path& folder);

// Keys found so far by other campaigns on the variant; `name` is this campaign.
std::set<std::string> keys_of_others(const std::filesystem::path& shared, const std::string& name,
                                     const std::string& variant);

// Merges all campaigns of the folder into {"machines": [...], "findings": [...]}, worst finding
// first. A finding of several campaigns is listed once. Summaries that cannot be read are left out.
// Throws Failure if there is none.
json shared_summary(const std::filesystem::path& shared);
std::string shared_in_words(const json& shared_summary, size_t columns);

}  // namespace tool
