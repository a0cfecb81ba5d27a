// SPDX-License-Identifier: GPL-2.0-only
// A folder that campaigns on several machines share, or several on one. The corpus is everybody's,
// and engines write an input under the name of what it holds; all else that a campaign keeps is in
// a folder of its own, so that nothing is written by two:
//   corpus/TARGET/     inputs
//   machines/NAME/     findings, logs and summary of one, as of any campaign
// Campaigns come and go; each goes past what the others have found.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace tool {

using nlohmann::json;
class FileLock;

// Of a campaign in such a folder, while it lives.
class Membership {
 public:
  // Takes the name of this host, or with a number where a campaign runs under that name already.
  // Throws Failure.
  explicit Membership(const std::filesystem::path& shared);
  ~Membership();
  const std::string& name() const { return name_; }
  std::filesystem::path folder() const;
  // What tells its random numbers from the others'.
  unsigned seed() const;

 private:
  std::filesystem::path shared_;
  std::string name_;
  std::unique_ptr<FileLock> lock_;
};

std::filesystem::path corpus_of(const std::filesystem::path& shared);
bool is_shared(const std::filesystem::path& folder);

// What campaigns on the variant have told so far of what they found, but for the one of that name.
std::set<std::string> keys_of_others(const std::filesystem::path& shared, const std::string& name,
                                     const std::string& variant);

// All campaigns of the folder, {"machines": [...], "findings": [...]}, the worst first: what
// several found is one finding. Summaries that cannot be read are left out. Throws Failure if there
// is none.
json shared_summary(const std::filesystem::path& shared);
std::string shared_in_words(const json& shared_summary, size_t columns);

}  // namespace tool
