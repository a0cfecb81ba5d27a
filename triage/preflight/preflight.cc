// SPDX-License-Identifier: GPL-2.0-only
// preflight: a build as OSS-Fuzz makes it, without its images, and all that it asks of one.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/targets.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/variants/kernel_tree.h"
#include "triage/preflight/checks.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Arguments {
  std::vector<std::string> sanitizers{"address", "undefined"};
  std::string out, kernel;
  bool json = false;
};

// All of UndefinedBehaviorSanitizer that is built with, but for unsigned overflow, which goes on.
constexpr const char undefined_kinds[] =
    "array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,"
    "returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,vla-bound,vptr";

std::string sanitizer_flags(const std::string& sanitizer) {
  if (sanitizer == "address") return " -fsanitize=address -fsanitize-address-use-after-scope";
  if (sanitizer == "undefined")
    return fmt::format(" -fsanitize={0},unsigned-integer-overflow -fno-sanitize-recover={0}",
                       undefined_kinds);
  return "";
}

std::string coverage_flags(const std::string& sanitizer) {
  return sanitizer == "coverage" ? " -fprofile-instr-generate -fcoverage-mapping -pthread"
                                 : " -fsanitize=fuzzer-no-link";
}

std::string must_print(const std::vector<std::string>& words) {
  CommandResult result = run_command(words, false);
  if (result.status) throw Failure(fmt::format("{} failed:\n{}", words[0], result.output));
  return result.output.substr(0, result.output.find_last_not_of('\n') + 1);
}

// A file of the compiler's, by name.
std::string of_compiler(const std::string& name, const char* package) {
  std::string path = must_print({cxx_compiler(), "-print-file-name=" + name});
  if (!fs::exists(path))
    throw Failure(fmt::format("{} has no {}, which is in Debian's package {}", cxx_compiler(), name,
                              package));
  return path;
}

// libFuzzer as one file that brings its own C++ library, as that of the images does: distributions
// build it on libstdc++, the targets are on libc++.
void make_engine(const fs::path& archive) {
  std::string library =
      must_print({cxx_compiler(), "--rtlib=compiler-rt", "-print-libgcc-file-name"});
  size_t at = library.rfind("builtins");
  if (at == library.npos)
    throw Failure(
        fmt::format("{} has its runtime in {}, not beside libFuzzer", cxx_compiler(), library));
  library.replace(at, 8, "fuzzer");
  TemporaryFolder folder;
  std::string object = (folder.path() / "engine.o").string();
  must_print({"ld", "-r", "--force-group-allocation", "--whole-archive", library,
              "--no-whole-archive", of_compiler("libstdc++.a", "libstdc++-dev"), "-o", object});
  must_print({"objcopy", "--wildcard", "--keep-global-symbol=LLVMFuzzer*",
              "--keep-global-symbol=__sanitizer_*", "--keep-global-symbol=main", object});
  fs::path made = folder.path() / "engine.a";
  must_print({"ar", "rcsD", made.string(), object});
  // A new one would have all targets linked anew.
  std::string content = read_file(made);
  if (!fs::exists(archive) || read_file(archive) != content) write_file(archive, content);
}

// The folder where the linker finds libc++ as the images have it: only to be linked statically.
void make_libraries(const fs::path& folder) {
  make_folder(folder);
  std::string library = of_compiler("libc++.a", "libc++-dev");
  write_file(folder / "libc++.a",
             fmt::format("INPUT({} {})\n", library, of_compiler("libc++abi.a", "libc++abi-dev")));
  make_engine(folder / "libFuzzingEngine.a");
}

// Variables of the environment, as `env` takes them.
std::vector<std::string> environment(const std::string& sanitizer, const fs::path& folder,
                                     const fs::path& libraries) {
  std::string common = "-O1 -fno-omit-frame-pointer -gline-tables-only "
                       "-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION" +
                       sanitizer_flags(sanitizer) + coverage_flags(sanitizer);
  const char* only_c = sanitizer == "undefined" ? " -fno-sanitize=function" : "";
  return {"CC=" + c_compiler(),
          "CXX=" + cxx_compiler(),
          "CFLAGS=" + common + only_c,
          "CXXFLAGS=" + common + " -stdlib=libc++",
          "LDFLAGS=-L" + libraries.string(),
          "LIB_FUZZING_ENGINE=" + (libraries / "libFuzzingEngine.a").string(),
          "FUZZING_ENGINE=libfuzzer",
          "SANITIZER=" + sanitizer,
          "ARCHITECTURE=x86_64",
          "FUZZING_LANGUAGE=c++",
          "SRC=" + source_folder().parent_path().string(),
          "WORK=" + (folder / "work").string(),
          "OUT=" + (folder / "out").string()};
}

// Builds into folder/out. What an earlier run left is made use of, unless it was built otherwise.
void build_as_there(const std::string& sanitizer, const fs::path& folder, const fs::path& libraries,
                    const std::string& kernel) {
  std::vector<std::string> variables = environment(sanitizer, folder, libraries);
  std::string all = fmt::format("{}\n", fmt::join(variables, "\n"));
  fs::path note = folder / "environment";
  if (!fs::exists(note) || read_file(note) != all) fs::remove_all(folder / "work");
  make_folder(folder / "work");
  write_file(note, all);
  fs::remove_all(folder / "out");
  make_folder(folder / "out");
  std::vector<std::string> words{"env", "-C", source_folder().string(), "-u",
                                 "IOVAFUZZ_KERNEL_TREE"};
  words.insert(words.end(), variables.begin(), variables.end());
  if (!kernel.empty()) words.push_back("IOVAFUZZ_KERNEL_TREE=" + kernel);
  std::string script = (source_folder() / ".clusterfuzzlite/build.sh").string();
  words.insert(words.end(), {"bash", "-eux", script});
  CommandResult result = run_command(words, false);
  if (result.status) throw Failure(fmt::format("{} failed:\n{}", script, result.output));
}

std::vector<std::string> expected_targets(bool with_kernel) {
  std::vector<std::string> names;
  for (const fuzz::Target* target : fuzz::targets) {
    if (!target->compares) names.push_back(target->name);
    if (with_kernel && !target->reads_text) names.push_back(std::string(target->name) + "_kernel");
  }
  return names;
}

json as_json(const std::vector<Check>& checks) {
  json rows = json::array();
  for (const Check& check : checks) {
    json row{{"check", check.name}, {"target", check.target}, {"ok", check.ok}};
    if (check.figure) row.update({{"figure", *check.figure}, {"limit", check.limit}});
    if (!check.ok) row["why"] = check.why;
    rows.push_back(row);
  }
  return rows;
}

// The figures as a table, targets down, checks across.
void print_figures(const std::vector<Check>& checks) {
  std::vector<std::string> names, targets;
  size_t width = 6;
  for (const Check& check : checks) {
    if (check.target.empty() || !check.figure) continue;
    if (std::find(names.begin(), names.end(), check.name) == names.end())
      names.push_back(check.name);
    if (std::find(targets.begin(), targets.end(), check.target) == targets.end())
      targets.push_back(check.target);
    width = std::max(width, check.target.size());
  }
  if (names.empty()) return;
  using Cell = std::function<std::string(const std::string& name)>;
  auto print_row = [&](const std::string& title, const Cell& cell) {
    fmt::print("  {:<{}}", title, width);
    for (const std::string& name : names) fmt::print("  {:>11}", cell(name));
    fmt::print("\n");
  };
  print_row("", [](const std::string& name) { return name; });
  print_row("limit", [&](const std::string& name) {
    return std::find_if(checks.begin(), checks.end(),
                        [&](const Check& check) { return check.name == name; })
        ->limit;
  });
  for (const std::string& target : targets)
    print_row(target, [&](const std::string& name) {
      for (const Check& check : checks)
        if (check.target == target && check.name == name && check.figure)
          return fmt::format("{}{}", *check.figure, check.ok ? "" : "!");
      return std::string("-");
    });
}

void print_checks(const std::string& title, const std::vector<Check>& checks) {
  fmt::print("{}\n", title);
  print_figures(checks);
  size_t hold = 0;
  for (const Check& check : checks) {
    hold += check.ok;
    if (check.ok) continue;
    std::string what = check.name;
    if (!check.target.empty()) what += " of " + check.target;
    if (check.figure) what += fmt::format(", {} ({})", *check.figure, check.limit);
    fmt::print("  FAILED {}: {}\n", what, check.why);
  }
  fmt::print("  {} of {} checks hold\n\n", hold, checks.size());
  fflush(stdout);
}

int preflight(const Arguments& arguments) {
  fs::path out =
      fs::absolute(arguments.out.empty() ? builds_folder() / "preflight" : fs::path(arguments.out));
  make_folder(out);
  FileLock lock(out / "lock", fmt::format("waiting for another preflight in {}", out.string()));
  std::string kernel;
  if (!arguments.kernel.empty()) kernel = find_kernel_tree(arguments.kernel).folder.string();
  make_libraries(out / "lib");
  bool ok = true;
  json result;
  auto tell = [&](const std::string& name, const std::string& title,
                  const std::vector<Check>& checks) {
    for (const Check& check : checks) ok = ok && check.ok;
    if (arguments.json)
      result[name] = as_json(checks);
    else
      print_checks(title, checks);
  };
  for (const std::string& sanitizer : arguments.sanitizers) {
    fmt::print(stderr, "iovafuzz: building all targets, sanitizer: {} ...\n", sanitizer);
    fs::path folder = out / sanitizer;
    build_as_there(sanitizer, folder, out / "lib", kernel);
    tell(sanitizer, "sanitizer " + sanitizer,
         inspect(folder / "out",
                 {.sanitizer = sanitizer, .targets = expected_targets(!kernel.empty())}));
  }
  if (arguments.json) fmt::print("{}", to_text(result));
  return ok ? nothing_new : findings;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("preflight", "builds as OSS-Fuzz does and checks what it asks of a build");
  line.option("--sanitizer", arguments.sanitizers, "builds to make")
      .one_of({"address", "undefined", "coverage", "none"})
      .delimited_by(',');
  line.option("--out", arguments.out, "folder for the builds, instead of .build/preflight");
  line.option("--kernel", arguments.kernel, "also the targets of this kernel tree");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz preflight --sanitizer address", "checks one build");
  return line.run(argc, argv, [&] { return preflight(arguments); });
}
