// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/clone.h"

#include <fmt/core.h>

#include <algorithm>
#include <regex>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/process.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

bool is_release(const std::string& tag, std::array<unsigned, 3>& number) {
  static const std::regex form("v([0-9]{1,4})\\.([0-9]{1,4})(?:\\.([0-9]{1,5}))?");
  std::smatch match;
  if (!std::regex_match(tag, match, form)) return false;
  for (size_t i = 0; i < 3; i++)
    number[i] = match[i + 1].matched ? static_cast<unsigned>(std::stoul(match[i + 1])) : 0;
  return true;
}

std::vector<std::string> of_kernel_files(std::vector<std::string> words) {
  words.push_back("--");
  for (const KernelFile& file : kernel_files()) words.push_back(file.path);
  return words;
}

Commit commit_of(const std::string& line) {
  size_t space = line.find(' ');
  return {line.substr(0, space), space == line.npos ? "" : line.substr(space + 1)};
}

}  // namespace

std::string Release::series() const { return fmt::format("{}.{}", number[0], number[1]); }

std::string Commit::text() const { return fmt::format("{} (\"{}\")", id.substr(0, 12), subject); }

Clone::Clone(const std::string& spec) {
  const auto [path, build] = parse_tree_spec(spec);
  folder_ = absolute_path(path);
  build_ = build;
  CommandResult found =
      run_command({"git", "-C", folder_.string(), "rev-parse", "--git-dir"}, false);
  if (found.status == 127) throw Failure("git is not installed: install the package git");
  if (found.status)
    throw Failure(fmt::format("{}: is not a git clone: {}", path,
                              found.output.substr(0, found.output.find('\n'))));
}

// The output is parsed, so settings of the user that would change it are overridden.
std::string Clone::git(std::vector<std::string> words) const {
  std::vector<std::string> all{"env",           "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "git",
                               "--no-pager",    "-c",       "core.quotePath=false", "-C",
                               folder_.string()};
  all.insert(all.end(), words.begin(), words.end());
  CommandResult result = run_command(all, false, false);
  if (result.status)
    throw Failure(fmt::format("{}: git {} failed", folder_.string(), words.front()));
  return result.output;
}

std::vector<Release> Clone::releases(const std::string& from, const std::string& to) const {
  std::array<unsigned, 3> first{}, last{};
  for (const auto& [tag, number] : {std::pair{&from, &first}, {&to, &last}})
    if (!tag->empty() && !is_release(*tag, *number))
      throw Failure(fmt::format("{}: is not a release: use the form v6.12 or v6.12.3", *tag));
  std::vector<Release> found;
  for (const std::string& tag : lines_of(git({"tag", "--list", "v[0-9]*"}))) {
    Release release{tag, {}};
    if (!is_release(tag, release.number) || release.number < first) continue;
    if (!to.empty() && release.number > last) continue;
    found.push_back(release);
  }
  std::sort(found.begin(), found.end(),
            [](const Release& a, const Release& b) { return a.number < b.number; });
  return found;
}

Commit Clone::commit(const std::string& revision) const {
  CommandResult found = run_command({"git", "-C", folder_.string(), "rev-parse", "--verify",
                                     "--quiet", "--end-of-options", revision + "^{commit}"},
                                    false, false);
  if (found.status) throw Failure(fmt::format("{}: has no commit {}", folder_.string(), revision));
  // "git show" reads blobs even without a patch; a partial clone lacks them.
  return commit_of(lines_of(git({"log", "-1", "--format=%H %s", lines_of(found.output)[0]}))[0]);
}

bool Clone::is_ancestor(const std::string& earlier, const std::string& later) const {
  return run_command({"git", "-C", folder_.string(), "merge-base", "--is-ancestor", earlier, later},
                     false)
             .status == 0;
}

std::vector<Commit> Clone::changes(const std::string& after, const std::string& until) const {
  std::vector<Commit> found;
  for (const std::string& line :
       lines_of(git(of_kernel_files({"log", "--reverse", "--topo-order", "--no-merges",
                                     "--format=%H %s", after + ".." + until}))))
    found.push_back(commit_of(line));
  return found;
}

std::string Clone::difference(const std::string& commit) const {
  return git(of_kernel_files({"show", "--format=", "--no-color", "--no-ext-diff", commit}));
}

std::string Clone::grep(const std::string& revision, const std::string& word) const {
  CommandResult found =
      run_command({"env", "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "git", "-C", folder_.string(), "grep",
                   "-n", "-p", "-w", word, revision, "--", "drivers"},
                  false, false);
  std::string lines;  // lines of git grep, without the leading "REVISION:"
  for (const std::string& line : lines_of(found.output))
    lines += line.substr(std::min(line.size(), revision.size() + 1)) + "\n";
  return lines;
}

KernelTree Clone::tree(const std::string& revision) const {
  const std::string id = commit(revision).id, listed = git(of_kernel_files({"ls-tree", "-r", id}));
  auto has = [&](const char* path) {
    return listed.find(fmt::format("\t{}\n", path)) != listed.npos;
  };
  if (!has("drivers/iommu/iova.c"))
    throw Failure(fmt::format("{}: {} has no drivers/iommu/iova.c", folder_.string(), revision));
  const std::string name = "git-" + content_hash(listed);
  const fs::path kernels = builds_folder() / "kernels", folder = kernels / name;
  make_folder(kernels);
  FileLock lock = lock_trees(kernels);
  // Required files are written last, so a folder that has them is complete.
  std::vector<const KernelFile*> in_order;
  for (bool required : {false, true})
    for (const KernelFile& file : kernel_files())
      if (file.required == required) in_order.push_back(&file);
  if (!fs::exists(folder / in_order.back()->path))
    for (const KernelFile* file : in_order) {
      if (!has(file->path)) continue;
      make_folder((folder / file->path).parent_path());
      write_file(folder / file->path,
                 git({"cat-file", "blob", fmt::format("{}:{}", id, file->path)}));
    }
  find_kernel_tree(folder.string());  // throws if a required file is missing
  return built_as({name, "git:" + content_hash(listed), fs::canonical(folder)}, build_);
}

}  // namespace tool
