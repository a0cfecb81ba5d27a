// SPDX-License-Identifier: GPL-2.0-only
#include "tool/coverage/coverage.h"

#include <fmt/core.h>

#include <cstdlib>
#include <functional>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/variants/kernel_tree.h"
#include "tool/variants/module.h"
#include "tool/variants/variants.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

fs::path coverage_folder() { return build_folder() / "coverage"; }

// llvm-profdata and llvm-cov beside the compiler that built this tool.
std::string llvm_tool(const char* name) {
  return (fs::canonical(cxx_compiler()).parent_path() / name).string();
}

// Measures one allocator: the port or a tree.
class Measurement {
 public:
  Measurement(const std::string& name, const Measured& measured)
      : replay_(command_program("replay")), profiles_(coverage_folder() / "profiles" / name),
        html_(measured.html.empty() ? coverage_folder() / "html" / name : fs::path(measured.html)),
        inputs_(measured.inputs) {
    fs::remove_all(profiles_);
    make_folder(profiles_);
    if (inputs_.empty()) inputs_.push_back((source_folder() / "corpus").string());
  }

  void run_inputs(const std::vector<std::string>& choice) {
    std::vector<std::string> words{replay_, "--quiet", "--past", "ledger"};
    words.insert(words.end(), choice.begin(), choice.end());
    words.insert(words.end(), inputs_.begin(), inputs_.end());
    // %m merges profiles as processes end, since the tool runs programs in child processes.
    setenv("LLVM_PROFILE_FILE", (profiles_ / "%m.profraw").c_str(), 1);
    measure_modules(true);
    CommandResult result = run_command(words, false);
    measure_modules(false);
    unsetenv("LLVM_PROFILE_FILE");
    // Findings are no error: the code that ran before them counts.
    if (result.status > findings)
      throw Failure(fmt::format("cannot run the inputs:\n{}", result.output));
  }

  // Measures shared objects that were run and are built from the same sources.
  Reached measure(const std::vector<fs::path>& binaries,
                  const std::function<bool(const std::string&)>& wanted,
                  const std::function<std::string(const std::string&)>& read) const {
    std::vector<std::string> merge{llvm_tool("llvm-profdata"), "merge", "-o", merged()};
    for (const auto& entry : fs::directory_iterator(profiles_))
      if (entry.path().extension() == ".profraw") merge.push_back(entry.path().string());
    must_run(merge);
    std::vector<std::string> words{llvm_tool("llvm-cov"), "export", "-format=text"};
    add_objects(words, binaries);
    words.push_back("-instr-profile=" + merged());
    json json = parse_json(must_run(words));
    words[2] = "-format=lcov";
    words.push_back("-skip-functions");
    Reached reached = tool::measure(json, must_run(words), wanted, read);
    if (!reached.all.lines) throw Failure("llvm-cov reports no line of the allocator");
    return reached;
  }

  // Writes llvm-cov's pages about the files and returns the path of the first. base: folder that
  // relative paths refer to.
  std::string write_pages(const std::vector<fs::path>& binaries, const fs::path& base,
                          const std::vector<std::string>& files) const {
    fs::remove_all(html_ / "coverage");
    make_folder(html_);
    std::vector<std::string> words{llvm_tool("llvm-cov"),
                                   "show",
                                   "-format=html",
                                   "-show-branches=count",
                                   "-show-line-counts-or-regions",
                                   "-output-dir=" + html_.string(),
                                   "-compilation-dir=" + base.string()};
    add_objects(words, binaries);
    // Sources follow the objects as plain arguments: clang 14 has no -sources.
    words.push_back("-instr-profile=" + merged());
    words.insert(words.end(), files.begin(), files.end());
    must_run(words);
    return (html_ / "index.html").string();
  }

 private:
  static void add_objects(std::vector<std::string>& words, const std::vector<fs::path>& binaries) {
    for (const fs::path& binary : binaries) {
      if (&binary != &binaries[0]) words.push_back("-object");
      words.push_back(binary.string());
    }
  }
  std::string merged() const { return (profiles_ / "all.profdata").string(); }

  std::string replay_;
  fs::path profiles_, html_;
  std::vector<std::string> inputs_;
};

Subject measure_port(const Measured& measured) {
  Measurement measurement("port", measured);
  std::vector<fs::path> binaries;
  for (const std::string& revision : revisions()) {
    measurement.run_inputs({"--revision", revision});
    binaries.push_back(parse_variant(revision).library().parent_path() / "measured.so");
  }
  std::string folder = (source_folder() / "src/iova").string() + "/";
  // port_variant.cc only shows the port to the engine.
  auto wanted = [&](const std::string& file) {
    return file.rfind(folder, 0) == 0 && fs::path(file).extension() == ".cc" &&
           fs::path(file).filename() != "port_variant.cc";
  };
  Subject subject{"the port", "port", measurement.measure(binaries, wanted, read_file), ""};
  std::vector<std::string> files;
  for (const auto& [file, share] : subject.reached.files) files.push_back(file);
  subject.pages = measurement.write_pages(binaries, source_folder(), files);
  for (Gap& gap : subject.reached.gaps) gap.file = fs::relative(gap.file, source_folder()).string();
  return subject;
}

Subject measure_kernel(const Measured& measured) {
  KernelTree tree = find_kernel_tree(measured.kernel);
  Measurement measurement(tree.name, measured);
  measurement.run_inputs({"--kernel", measured.kernel});
  fs::path folder = build_folder() / "kernels" / tree.name;
  // The tree's iova.c, and the flush queue that the build cuts out of another file.
  auto path_of = [&](const std::string& file) {
    return fs::path(file).filename() == "iova.c" ? tree.folder / "drivers/iommu/iova.c"
                                                 : folder / "flush_queue.inc";
  };
  auto wanted = [](const std::string& file) {
    std::string name = fs::path(file).filename().string();
    return name == "iova.c" || name == "flush_queue.inc";
  };
  auto read = [&](const std::string& file) { return read_file(path_of(file)); };
  std::vector<fs::path> binary{folder / "measured.so"};
  Subject subject{tree.title, "kernel", measurement.measure(binary, wanted, read), ""};
  subject.pages = measurement.write_pages(binary, tree.folder,
                                          {(tree.folder / "drivers/iommu/iova.c").string()});
  for (Gap& gap : subject.reached.gaps) gap.file = path_of(gap.file).string();
  return subject;
}

}  // namespace

Subject measure(const Measured& measured) {
  make_folder(coverage_folder());
  FileLock lock(coverage_folder() / "lock");  // all measurements share the folder of profiles
  return measured.kernel.empty() ? measure_port(measured) : measure_kernel(measured);
}

std::string describe(const Gap& gap) {
  return fmt::format("{}:{}: not reached in {}(): {}\n", gap.file, gap.line, gap.function,
                     gap.text.empty() ? "the whole function" : gap.text);
}

}  // namespace tool
