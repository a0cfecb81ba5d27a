// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/repair.h"

#include <fmt/core.h>

#include <algorithm>
#include <regex>

#include "engine/ledger.h"
#include "tool/replay/isolate.h"
#include "tool/replay/random_program.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/hash.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/kernel.h"

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace tool {
namespace {

// Applies in a folder that git must take for no repository, whatever surrounds it.
bool git_apply(const fs::path& folder, const std::string& patch, std::vector<std::string> how) {
  std::vector<std::string> words{
      "env",           "GIT_CEILING_DIRECTORIES=" + folder.parent_path().string(),
      "git",           "-C",
      folder.string(), "apply"};
  words.insert(words.end(), how.begin(), how.end());
  // A commit may change other files as well.
  for (const KernelFile& file : kernel_files())
    words.push_back(fmt::format("--include={}", file.path));
  words.push_back(patch);
  return run_command(words, false).status == 0;
}

bool names_kernel_files(const std::string& patch) {
  return std::any_of(kernel_files().begin(), kernel_files().end(), [&](const KernelFile& file) {
    // After the prefix b/ or another one that git's settings name.
    return std::regex_search(
        patch, std::regex(fmt::format("(^|\n)\\+\\+\\+ [^/\n]+/{}(\n|\t|$)", file.path)));
  });
}

// Copies the tree to builds_folder(), named by its content, so that earlier builds of it are found
// again.
KernelTree kept(const fs::path& copy) {
  std::string content;
  for (const KernelFile& file : kernel_files())
    if (fs::exists(copy / file.path))
      content += fmt::format("{}\n{}\n", file.path, content_hash(read_file(copy / file.path)));
  const std::string name = "repaired-" + content_hash(content);
  const fs::path kernels = builds_folder() / "kernels", folder = kernels / name;
  make_folder(kernels);
  FileLock lock = lock_trees(kernels);
  if (!fs::exists(folder)) {
    const fs::path half = kernels / (name + ".half");
    fs::remove_all(half);
    fs::copy(copy, half, fs::copy_options::recursive);
    fs::rename(half, folder);
  }
  return {name, "repaired:" + name, fs::canonical(folder)};
}

IsolateOptions past_known(const iova_variant& variant, const std::string& key) {
  IsolateOptions options;
  for (const std::string& known : engine::known_keys(variant))
    if (!is_same_finding(known, key)) options.known.push_back(known);
  options.watch_races = false;
  return options;
}

}  // namespace

const char* Patched::in_words() const {
  switch (how) {
    case as_it_is: return "applies as is";
    case with_fuzz: return "applies with fuzz";
    case is_there_already: return "is already applied";
    case not_at_all: return "does not apply";
    case elsewhere: return "does not touch the allocator";
  }
  return "?";
}

RepairTrial::RepairTrial(std::string patch, const program::Program& program, std::string key,
                         std::chrono::milliseconds time)
    : patch_(folder_.write("repair.patch", patch)), program_(program), key_(std::move(key)),
      time_(time) {
  for (const fs::path& file : expand({(source_folder() / "corpus").string()}))
    if (file.extension() == ".iova") seeds_.push_back(read_input(file));
}

Patched RepairTrial::apply(const KernelTree& tree) const {
  if (!names_kernel_files(read_file(patch_))) return {Patched::elsewhere, {}};
  const fs::path copy = folder_.path() / "tree";
  fs::remove_all(copy);
  for (const KernelFile& file : kernel_files())
    if (fs::exists(tree.folder / file.path)) {
      make_folder((copy / file.path).parent_path());
      write_file(copy / file.path, read_file(tree.folder / file.path));
    }
  for (const auto& [how, context] :
       {std::pair{Patched::as_it_is, "-C3"}, {Patched::with_fuzz, "-C1"}})
    if (git_apply(copy, patch_, {context})) return {how, kept(copy)};
  return {git_apply(copy, patch_, {"--reverse", "--check", "-C1"}) ? Patched::is_there_already
                                                                   : Patched::not_at_all,
          {}};
}

Repaired RepairTrial::try_on(const KernelTree& tree, const KernelTree& repaired) const {
  Repaired all{presence_on({repaired}, program_, key_)[0]};
  if (all.presence.state == Presence::not_built) return all;
  const iova_variant &before = load_kernel(tree), &after = load_kernel(repaired);

  IsolateOptions options = past_known(after, key_);
  Isolated on_after(after, options), on_before(before, past_known(before, key_));
  // The program's own failures may end it early; without them, more allocations can fail.
  program::Program whole = program_;
  std::erase_if(whole.operations, [](const program::Operation& operation) {
    return operation.code == program::OpCode::fail;
  });
  Outcome base = on_after.run(whole);
  for (const Job& job : base.fault_jobs(whole)) {
    Outcome outcome = on_after.run(whole, job.faults);
    all.failures++;
    all.clean_failures += outcome.kind == Outcome::clean;
    if (outcome.kind != Outcome::clean) all.keys_of_failures[outcome.key()]++;
  }

  // Compares a program on both trees; the end of a finding is no other difference.
  auto compare = [&](const program::Program& program, auto on_new, auto on_gone, auto on_changed) {
    Outcome then = on_before.run(program), now = on_after.run(program);
    if (now.kind != Outcome::clean) {
      if (now.key() != then.key()) on_new(now.key());
    } else if (then.kind != Outcome::clean) {
      on_gone();
    } else if (now.trace_hash != then.trace_hash) {
      on_changed();
    }
  };
  for (const Input& seed : seeds_) {
    const std::string name = fs::relative(seed.path, source_folder() / "corpus").string();
    all.seeds++;
    compare(
        seed.program, [&](const std::string& key) { all.came.try_emplace(key, name); },
        [&] { all.gone.push_back(name); }, [&] { all.changed.push_back(name); });
  }
  for (const auto end = Clock::now() + time_; Clock::now() < end; all.programs++) {
    program::Program program = random_program(1, all.programs, seeds_);
    const std::string text = print(program);
    compare(
        program, [&](const std::string& key) { all.found.try_emplace(key, text); }, [] {},
        [&] {
          if (all.different.empty()) all.different = text;
        });
  }
  return all;
}

std::vector<std::string> callers_in_grep(const std::string& lines, const std::string& function) {
  // "FILE=LINE=function" lines precede the calls in that function, "FILE:LINE:call".
  static const std::regex line("([^:=]*)([:=])([0-9]+)[:=](.*)"), name("(\\w+)\\s*\\(");
  const std::regex call("\\b" + function + "\\s*\\(");
  std::vector<std::string> callers;
  std::string in;
  std::smatch match, part;
  for (const std::string& text : lines_of(lines)) {
    if (!std::regex_match(text, match, line)) continue;
    const std::string file = match[1], kind = match[2], code = match[4];
    if (kind == "=") {
      in = std::regex_search(code, part, name) ? part[1].str() : "";
      continue;
    }
    // Declarations, definitions and comments begin otherwise.
    const bool is_call = !code.empty() && isspace(static_cast<unsigned char>(code[0])) &&
                         code.find_first_not_of(" \t") != code.find('*') &&
                         std::regex_search(code, call);
    if (!is_call || file == "drivers/iommu/iova.c" || !file.ends_with(".c") || in.empty()) continue;
    std::string caller = fmt::format("{}() in {}", in, file);
    if (std::find(callers.begin(), callers.end(), caller) == callers.end())
      callers.push_back(caller);
  }
  return callers;
}

std::vector<std::string> callers_in(const KernelTree& tree, const std::string& function) {
  CommandResult found = run_command({"env", "LC_ALL=C", "git", "-C", tree.folder.string(), "grep",
                                     "--no-index", "-n", "-p", "-w", function, "--", "drivers"},
                                    false, false);
  return callers_in_grep(found.output, function);
}

}  // namespace tool
