// SPDX-License-Identifier: GPL-2.0-only
#include "tool/corpus/cover.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "tool/findings/findings.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/interrupt.h"
#include "tool/variants/module.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// libFuzzer's features per edge: classes of how often the edge was taken.
constexpr unsigned classes = 8;

std::vector<VariantChoice> choices(const fuzz::Target& target,
                                   const std::vector<std::string>& further) {
  if (target.reads_text) return {VariantChoice()};
  std::vector<VariantChoice> chosen;
  if (!target.compares)
    for (const std::string& revision : revisions()) chosen.push_back({.revision = revision});
  for (const std::string& word : further) chosen.push_back(parse_variant(word));
  return chosen;
}

// libFuzzer's record of a merge. It begins with the number of files, the number of those that were
// there before, and their paths, a line each. Then come:
//   STARTED file size     the file runs next
//   FT file feature ...   the file ran to its end
//   COV file edge ...     edges that no earlier file took in this process
struct MergeRecord {
  std::map<size_t, std::vector<uint32_t>> features;  // by index of the file
  std::vector<fs::path> files;
  std::set<uint32_t> edges;
};

MergeRecord read_merge_record(const fs::path& path) {
  std::istringstream text(read_file(path));
  MergeRecord record;
  std::string line;
  std::getline(text, line);
  size_t count = strtoull(line.c_str(), nullptr, 10);
  std::getline(text, line);
  for (size_t i = 0; i < count && std::getline(text, line); i++) record.files.push_back(line);
  while (std::getline(text, line)) {
    std::istringstream words(line);
    std::string kind;
    size_t file = 0;
    if (!(words >> kind >> file) || file >= record.files.size()) continue;
    if (kind == "FT") record.features[file];
    for (uint32_t number; kind != "STARTED" && words >> number;) {
      if (kind == "FT") record.features[file].push_back(number);
      if (kind == "COV") record.edges.insert(number);
    }
  }
  return record;
}

MergeRecord run_merge(const fuzz::Target& target, const CoverBinary& binary, const fs::path& inputs,
                      std::chrono::milliseconds timeout) {
  TemporaryFolder scratch;
  for (const char* folder : {"artifacts", "merged"}) make_folder(scratch.path() / folder);
  fs::path record = scratch.path() / "record";
  CommandResult result = run_command(
      {binary.file.string(), "-set_cover_merge=1", "-merge_control_file=" + record.string(),
       "-artifact_prefix=" + (scratch.path() / "artifacts").string() + "/",
       fmt::format("-max_len={}", target.max_len),
       fmt::format("-timeout={}", timeout.count() / 1000), "-rss_limit_mb=2560",
       (scratch.path() / "merged").string(), inputs.string()},
      false);
  if (interrupted()) throw Failure("interrupted: nothing was written");
  if (result.status)
    throw Failure(fmt::format("{} cannot measure what inputs cover:\n{}", binary.file.string(),
                              result.output));
  return read_merge_record(record);
}

// Numbers features from 0, without gaps.
class Numbering {
 public:
  uint32_t operator()(Feature feature) {
    return numbers_.emplace(feature, static_cast<uint32_t>(numbers_.size())).first->second;
  }
  size_t size() const { return numbers_.size(); }

 private:
  std::unordered_map<Feature, uint32_t> numbers_;
};

}  // namespace

std::string cover_obstacle(const fuzz::Target& target, const std::vector<std::string>& further) {
  if (target.reads_text && !further.empty())
    return fmt::format("{} reads text and uses no allocator: leave out --variant", target.name);
  if (target.compares && further.empty())
    return fmt::format("{} compares kernel trees with the port: give --variant "
                       "debian:VERSION or a path",
                       target.name);
  for (const VariantChoice& choice : choices(target, further)) {
    if (target.compares && choice.kernel.empty())
      return fmt::format("{} compares kernel trees with the port: {} is not a tree", target.name,
                         choice.revision);
    if (target.needs_queue && !choice.variant().queue)
      return fmt::format("{} needs a flush queue, and {} has none: its {}", target.name,
                         choice.variant().name, choice.variant().why_no_queue);
  }
  return "";
}

std::vector<CoverBinary> cover_binaries(const fuzz::Target& target,
                                        const std::vector<std::string>& further) {
  if (std::string why = cover_obstacle(target, further); !why.empty()) throw Failure(why);
  std::vector<CoverBinary> binaries;
  std::vector<Binary> wanted;
  std::set<std::string> folders;
  for (const VariantChoice& choice : choices(target, further)) {
    const iova_variant& variant = choice.variant();
    std::string folder = fuzz::binary_folder(target, choice.build_name().c_str());
    if (!folders.insert(folder).second) continue;
    wanted.push_back({&target, choice.build_name()});
    binaries.push_back({choice, target.reads_text ? "text" : variant.name,
                        build_folder() / "bin" / folder / target.name});
  }
  build_binaries(wanted);
  return binaries;
}

Cover measure_cover(const fuzz::Target& target, const std::vector<CoverBinary>& binaries,
                    const std::vector<std::string>& inputs, std::chrono::milliseconds timeout) {
  InterruptGuard guard;
  TemporaryFolder stage;
  std::map<std::string, std::vector<size_t>> by_name;  // files with equal contents run once
  for (size_t i = 0; i < inputs.size(); i++) {
    if (inputs[i].empty()) continue;  // libFuzzer skips it as well: it covers nothing
    auto& same = by_name[content_hash(inputs[i])];
    if (same.empty()) stage.write(content_hash(inputs[i]), inputs[i]);
    same.push_back(i);
  }
  Cover cover;
  cover.inputs.resize(inputs.size());
  if (by_name.empty()) return cover;
  for (size_t variant = 0; variant < binaries.size(); variant++) {
    MergeRecord record = run_merge(target, binaries[variant], stage.path(), timeout);
    if (record.files.size() != by_name.size())
      throw Failure(fmt::format("{} ran {} of {} inputs", binaries[variant].file.string(),
                                record.files.size(), by_name.size()));
    for (uint32_t edge : record.edges)
      cover.edges.insert(make_feature(variant, edge * classes) / classes);
    for (size_t file = 0; file < record.files.size(); file++) {
      auto features = record.features.find(file);
      for (size_t input : by_name.at(record.files[file].filename().string())) {
        if (features == record.features.end()) {
          cover.inputs[input].died_on.push_back(variant);
          continue;
        }
        for (uint32_t number : features->second)
          cover.inputs[input].features.push_back(make_feature(variant, number));
      }
    }
  }
  for (InputCover& input : cover.inputs)
    if (!input.died_on.empty()) input.features.clear();
  return cover;
}

std::vector<CoverCount> count_cover(const Cover& cover, const std::vector<size_t>& inputs,
                                    size_t variants) {
  std::unordered_set<Feature> features;
  std::unordered_set<uint64_t> edges;
  for (size_t input : inputs)
    features.insert(cover.inputs[input].features.begin(), cover.inputs[input].features.end());
  std::vector<CoverCount> counts(variants);
  for (Feature feature : features) {
    CoverCount& count = counts[variant_of(feature)];
    count.features++;
    uint64_t edge = feature / classes;
    if (cover.edges.contains(edge) && edges.insert(edge).second) count.edges++;
  }
  return counts;
}

std::vector<size_t> choose_cover(const std::vector<InputCover>& inputs,
                                 const std::vector<CoverCost>& costs,
                                 const std::vector<size_t>& given,
                                 const std::vector<size_t>& candidates) {
  Numbering number;
  std::unordered_set<Feature> covered_before;
  for (size_t input : given)
    covered_before.insert(inputs[input].features.begin(), inputs[input].features.end());
  std::map<size_t, std::vector<uint32_t>> missing;  // by candidate: features it adds
  for (size_t candidate : candidates)
    for (Feature feature : inputs[candidate].features)
      if (!covered_before.contains(feature)) missing[candidate].push_back(number(feature));

  // The candidate that adds most comes next. Gains only fall: a candidate whose gain is still as
  // high as when it was queued is the best one.
  struct Next {
    size_t gain, input;
  };
  auto cheaper = [&](size_t a, size_t b) {
    if (costs[a].size != costs[b].size) return costs[a].size < costs[b].size;
    return costs[a].name != costs[b].name ? costs[a].name < costs[b].name : a < b;
  };
  auto later = [&](const Next& a, const Next& b) {
    return a.gain != b.gain ? a.gain < b.gain : cheaper(b.input, a.input);
  };
  std::priority_queue<Next, std::vector<Next>, decltype(later)> queue(later);
  for (const auto& [candidate, features] : missing) queue.push({features.size(), candidate});
  std::vector<unsigned> times(number.size());  // number of chosen inputs that cover the feature
  std::vector<size_t> chosen;
  while (!queue.empty()) {
    Next next = queue.top();
    queue.pop();
    const auto& features = missing[next.input];
    size_t gain = static_cast<size_t>(
        std::count_if(features.begin(), features.end(), [&](uint32_t f) { return !times[f]; }));
    if (!gain) continue;
    if (gain < next.gain) {
      queue.push({gain, next.input});
      continue;
    }
    for (uint32_t feature : features) times[feature]++;
    chosen.push_back(next.input);
  }
  // Inputs that were chosen early may have become redundant.
  std::sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) { return cheaper(b, a); });
  std::erase_if(chosen, [&](size_t input) {
    const auto& features = missing[input];
    if (std::any_of(features.begin(), features.end(), [&](uint32_t f) { return times[f] == 1; }))
      return false;
    for (uint32_t feature : features) times[feature]--;
    return true;
  });
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace tool
