// SPDX-License-Identifier: GPL-2.0-only
#include "triage/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "iova/revision.h"
#include "triage/build.h"
#include "triage/commands.h"
#include "triage/files.h"
#include "triage/kernel_tree.h"
#include "triage/reached.h"
#include "triage/report_json.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

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

struct Arguments {
  std::vector<std::string> inputs;  // none: the seeds
  std::string kernel, html;
  bool json = false;
};

// The build with source coverage, and one kind of allocator in it.
class Measurement {
 public:
  Measurement(const fs::path& build, const std::string& name, const Arguments& arguments)
      : tool_(build / "triage/iovafuzz-cli"),
        profiles_(build / "profiles" / name),
        html_(arguments.html.empty() ? build / "html" / name : fs::path(arguments.html)),
        inputs_(arguments.inputs) {
    fs::remove_all(profiles_);
    make_folder(profiles_);
    if (inputs_.empty()) inputs_.push_back((source_folder() / "corpus").string());
  }

  void run_inputs(const std::vector<std::string>& choice) {
    std::vector<std::string> words{tool_.string(), "replay", "--quiet", "--past", "ledger"};
    words.insert(words.end(), choice.begin(), choice.end());
    words.insert(words.end(), inputs_.begin(), inputs_.end());
    // Merged as processes end, since the tool runs programs in children of its own.
    setenv("LLVM_PROFILE_FILE", (profiles_ / "%m.profraw").c_str(), 1);
    CommandResult result = run_command(words, false);
    unsetenv("LLVM_PROFILE_FILE");
    // What ran before a finding counts.
    if (result.status > findings)
      throw Failure(fmt::format("the inputs cannot be run:\n{}", result.output));
  }

  // Of a program or shared object that ran.
  Reached measure(const fs::path& binary, const std::function<bool(const std::string&)>& wanted,
                  const std::function<std::string(const std::string&)>& read) const {
    std::vector<std::string> merge{llvm_tool("llvm-profdata"), "merge", "-o", merged()};
    for (const auto& entry : fs::directory_iterator(profiles_))
      if (entry.path().extension() == ".profraw") merge.push_back(entry.path().string());
    must_run(merge);
    std::vector<std::string> words{llvm_tool("llvm-cov"), "export", "-format=text",
                                   binary.string(), "-instr-profile=" + merged()};
    nlohmann::json json = nlohmann::json::parse(must_run(words));
    words[2] = "-format=lcov";
    words.push_back("-skip-functions");
    Reached reached = triage::measure(json, must_run(words), wanted, read);
    if (!reached.all.lines) throw Failure("llvm-cov knows no line of the allocator");
    return reached;
  }

  // llvm-cov's pages on those files. Returns where they begin. base: of paths that are relative.
  std::string write_pages(const fs::path& binary, const fs::path& base,
                          const std::vector<std::string>& files) const {
    fs::remove_all(html_ / "coverage");
    make_folder(html_);
    std::vector<std::string> words{llvm_tool("llvm-cov"), "show", "-format=html",
                                   "-show-branches=count", "-show-line-counts-or-regions",
                                   "-output-dir=" + html_.string(),
                                   "-compilation-dir=" + base.string(), binary.string(),
                                   "-instr-profile=" + merged(), "-sources"};
    words.insert(words.end(), files.begin(), files.end());
    must_run(words);
    return (html_ / "index.html").string();
  }

  const fs::path& tool() const { return tool_; }

 private:
  std::string merged() const { return (profiles_ / "all.profdata").string(); }

  fs::path tool_, profiles_, html_;
  std::vector<std::string> inputs_;
};

// What ran, and where its files are.
struct Subject {
  std::string what, of;  // of: in unreached.inc
  Reached reached;
  std::string pages;  // the first of them
};

Subject measure_port(const fs::path& build, const Arguments& arguments) {
  Measurement measurement(build, "port", arguments);
  for (const port::NamedRevision& each : port::named_revisions)
    measurement.run_inputs({"--revision", each.name});
  std::string folder = (source_folder() / "src/iova").string() + "/";
  // Without what shows it to the engine.
  auto wanted = [&](const std::string& file) {
    return file.rfind(folder, 0) == 0 && fs::path(file).extension() == ".cc" &&
           fs::path(file).filename() != "port_variant.cc";
  };
  Subject subject{"the port", "port",
                  measurement.measure(measurement.tool(), wanted, read_file), ""};
  std::vector<std::string> files;
  for (const auto& [file, share] : subject.reached.files) files.push_back(file);
  subject.pages = measurement.write_pages(measurement.tool(), source_folder(), files);
  for (Gap& gap : subject.reached.gaps)
    gap.file = fs::relative(gap.file, source_folder()).string();
  return subject;
}

Subject measure_kernel(const fs::path& build, const Arguments& arguments) {
  KernelTree tree = find_kernel_tree(arguments.kernel);
  Measurement measurement(build, tree.name, arguments);
  measurement.run_inputs({"--kernel", arguments.kernel});
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
  fs::path binary = folder / "kernel.so";
  Subject subject{tree.title, "kernel", measurement.measure(binary, wanted, read), ""};
  subject.pages = measurement.write_pages(binary, tree.folder,
                                          {(tree.folder / "drivers/iommu/iova.c").string()});
  for (Gap& gap : subject.reached.gaps) gap.file = path_of(gap.file).string();
  return subject;
}

Subject measure(const Arguments& arguments) {
  fs::path build =
      build_preset("coverage", IOVAFUZZ_C_COMPILER, IOVAFUZZ_CXX_COMPILER, "iovafuzz-cli");
  // Profiles have one place.
  FileLock lock(build / "profiles.lock");
  return arguments.kernel.empty() ? measure_port(build, arguments)
                                  : measure_kernel(build, arguments);
}

std::string describe(const Gap& gap) {
  return fmt::format("{}:{}: in {}(), is not reached: {}\n", gap.file, gap.line, gap.function,
                     gap.text.empty() ? "the whole function" : gap.text);
}

Judgement judge(const Subject& subject) {
  std::vector<Excuse> rows;
  for (const Excuse& excuse : excuses())
    if (subject.of == excuse.of) rows.push_back(excuse);
  return judge(subject.reached, rows, subject.of == "kernel");
}

void print_shares(const Reached& reached) {
  auto line = [](const std::string& name, const Share& share) {
    fmt::print("{:<20} {:>5} of {:>5} lines {:>5} of {:>5} branches\n", name, share.lines_reached,
               share.lines, share.branches_reached, share.branches);
  };
  for (const auto& [file, share] : reached.files) line(fs::path(file).filename().string(), share);
  line("all", reached.all);
}

nlohmann::json to_json(const Share& share) {
  return {{"lines", share.lines},
          {"lines_reached", share.lines_reached},
          {"branches", share.branches},
          {"branches_reached", share.branches_reached}};
}

nlohmann::json to_json(const Subject& subject) {
  nlohmann::json files = nlohmann::json::object(), gaps = nlohmann::json::array();
  for (const auto& [file, share] : subject.reached.files)
    files[fs::path(file).filename().string()] = to_json(share);
  for (const Gap& gap : subject.reached.gaps)
    gaps.push_back(
        {{"file", gap.file}, {"line", gap.line}, {"function", gap.function}, {"text", gap.text}});
  return {{"of", subject.what},
          {"all", to_json(subject.reached.all)},
          {"files", files},
          {"not_reached", gaps},
          {"pages", subject.pages}};
}

int report_coverage(const Arguments& arguments) {
  Subject subject = measure(arguments);
  if (arguments.json) {
    fmt::print("{}", to_text(to_json(subject)));
    return nothing_new;
  }
  fmt::print("not reached in {}:\n", subject.what);
  for (const Gap& gap : subject.reached.gaps) fmt::print("{}", describe(gap));
  fmt::print("\n");
  print_shares(subject.reached);
  fmt::print("line by line: {}\n", subject.pages);
  return nothing_new;
}

}  // namespace

int report_seed_coverage(const std::string& kernel) {
  Subject subject = measure({.inputs = {}, .kernel = kernel, .html = "", .json = false});
  Judgement judgement = judge(subject);
  for (const Gap& gap : judgement.unexplained) fmt::print("{}", describe(gap));
  for (const Excuse& excuse : judgement.stale)
    fmt::print("triage/unreached.inc: does not hold: in {}(): {}\n", excuse.function, excuse.text);
  const Share& all = subject.reached.all;
  fmt::print("seeds reach {} of {} lines and {} of {} branches of {}; {} gaps have a reason\n",
             all.lines_reached, all.lines, all.branches_reached, all.branches, subject.what,
             judgement.explained);
  fflush(stdout);
  return judgement.unexplained.empty() && judgement.stale.empty() ? nothing_new : findings;
}

void add_coverage(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "coverage", "Lines and branches of the allocator that seeds or other inputs reach");
  command->add_option("INPUT", arguments->inputs,
                      "files or folders, such as a campaign's corpus; the seeds if none is given");
  command->add_option("--kernel", arguments->kernel,
                      "of a tree's own code: a path, or debian:VERSION; else of the port");
  command->add_option("--html", arguments->html, "folder for the pages; else one of the build's");
  command->add_flag("--json", arguments->json, "for programs");
  command->callback(
      [arguments, &action] { action = [arguments] { return report_coverage(*arguments); }; });
}

}  // namespace triage
