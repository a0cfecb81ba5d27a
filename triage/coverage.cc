// SPDX-License-Identifier: GPL-2.0-only
#include "triage/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "triage/build.h"
#include "triage/commands.h"
#include "triage/files.h"
#include "triage/kernel_tree.h"
#include "triage/reached.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

constexpr const char* revisions[] = {
#define PORT_REVISION(column, name) name,
#include "iova/revisions.inc"
#undef PORT_REVISION
};

// What it writes on stdout.
std::string must_run(const std::vector<std::string>& words) {
  CommandResult result = run_command(words, false, false);
  if (result.status) throw Failure(fmt::format("{} failed:\n{}", words[0], result.output));
  return result.output;
}

// llvm-profdata and llvm-cov beside the compiler that built this tool.
std::string llvm_tool(const char* name) {
  return (fs::canonical(IOVAFUZZ_CXX_COMPILER).parent_path() / name).string();
}

// The build with source coverage, and one kind of allocator in it.
class Measurement {
 public:
  Measurement(const fs::path& build, const std::string& name)
      : tool_(build / "triage/iovafuzz-cli"), profiles_(build / "profiles" / name) {
    fs::remove_all(profiles_);
    make_folder(profiles_);
  }

  void run_seeds(const std::vector<std::string>& choice) {
    std::vector<std::string> words{tool_.string(), "replay", "--quiet", "--past", "ledger"};
    words.insert(words.end(), choice.begin(), choice.end());
    words.push_back((source_folder() / "corpus").string());
    // Merged as processes end, since the tool runs programs in children of its own.
    setenv("LLVM_PROFILE_FILE", (profiles_ / "%m.profraw").c_str(), 1);
    CommandResult result = run_command(words, false);
    unsetenv("LLVM_PROFILE_FILE");
    // What ran before a finding counts.
    if (result.status > findings)
      throw Failure(fmt::format("the seeds cannot be run:\n{}", result.output));
  }

  // Of a program or shared object that ran.
  Reached measure(const fs::path& binary, const std::function<bool(const std::string&)>& wanted,
                  const std::function<std::string(const std::string&)>& read) const {
    std::string profile = (profiles_ / "all.profdata").string();
    std::vector<std::string> merge{llvm_tool("llvm-profdata"), "merge", "-o", profile};
    for (const auto& entry : fs::directory_iterator(profiles_))
      if (entry.path().extension() == ".profraw") merge.push_back(entry.path().string());
    must_run(merge);
    std::vector<std::string> words{llvm_tool("llvm-cov"), "export", "-format=text",
                                   binary.string(), "-instr-profile=" + profile};
    nlohmann::json json = nlohmann::json::parse(must_run(words));
    words[2] = "-format=lcov";
    words.push_back("-skip-functions");
    Reached reached = triage::measure(json, must_run(words), wanted, read);
    if (!reached.lines) throw Failure("llvm-cov knows no line of the allocator");
    return reached;
  }

  const fs::path& tool() const { return tool_; }

 private:
  fs::path tool_, profiles_;
};

int report(const std::string& what, const std::string& of, const Reached& reached) {
  std::vector<Excuse> rows;
  for (const Excuse& excuse : excuses())
    if (of == excuse.of) rows.push_back(excuse);
  Judgement judgement = judge(reached, rows, of == "kernel");
  for (const Gap& gap : judgement.unexplained)
    fmt::print("{}:{}: in {}(), is not reached: {}\n", gap.file, gap.line, gap.function,
               gap.text.empty() ? "the whole function" : gap.text);
  for (const Excuse& excuse : judgement.stale)
    fmt::print("triage/unreached.inc: does not hold: in {}(): {}\n", excuse.function, excuse.text);
  fmt::print("seeds reach {} of {} lines and {} of {} branches of {}; {} gaps have a reason\n",
             reached.lines_reached, reached.lines, reached.branches_reached, reached.branches, what,
             judgement.explained);
  fflush(stdout);
  return judgement.unexplained.empty() && judgement.stale.empty() ? nothing_new : findings;
}

int report_port(const fs::path& build) {
  Measurement measurement(build, "port");
  for (const char* revision : revisions) measurement.run_seeds({"--revision", revision});
  std::string folder = (source_folder() / "src/iova").string() + "/";
  // Without what shows it to the engine.
  auto wanted = [&](const std::string& file) {
    return file.rfind(folder, 0) == 0 && fs::path(file).extension() == ".cc" &&
           fs::path(file).filename() != "port_variant.cc";
  };
  Reached reached = measurement.measure(measurement.tool(), wanted, read_file);
  for (Gap& gap : reached.gaps) gap.file = fs::relative(gap.file, source_folder()).string();
  return report("the port", "port", reached);
}

int report_kernel(const fs::path& build, const std::string& spec) {
  KernelTree tree = find_kernel_tree(spec);
  Measurement measurement(build, tree.name);
  measurement.run_seeds({"--kernel", spec});
  fs::path folder = build / "kernels" / tree.name;
  // The tree's file, and what the build cuts out of another for the flush queue.
  auto path_of = [&](const std::string& file) {
    return fs::path(file).filename() == "iova.c" ? tree.folder / "drivers/iommu/iova.c"
                                                 : folder / "flush_queue.inc";
  };
  auto wanted = [](const std::string& file) {
    std::string name = fs::path(file).filename().string();
    return name == "iova.c" || name == "flush_queue.inc";
  };
  auto read = [&](const std::string& file) { return read_file(path_of(file)); };
  Reached reached = measurement.measure(folder / "kernel.so", wanted, read);
  for (Gap& gap : reached.gaps) gap.file = path_of(gap.file).string();
  return report(tree.title, "kernel", reached);
}

}  // namespace

int report_coverage(const std::string& kernel) {
  fs::path build =
      build_preset("coverage", IOVAFUZZ_C_COMPILER, IOVAFUZZ_CXX_COMPILER, "iovafuzz-cli");
  return kernel.empty() ? report_port(build) : report_kernel(build, kernel);
}

void add_coverage(CLI::App& app, Action& action) {
  auto kernel = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("coverage", "Lines and branches of the allocator that seeds reach");
  command->add_option("--kernel", *kernel,
                      "of a tree's own code: a path, or debian:VERSION; else of the port");
  command->callback([kernel, &action] { action = [kernel] { return report_coverage(*kernel); }; });
}

}  // namespace triage
