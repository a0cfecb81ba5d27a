// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/farm_build.h"

#include <fmt/format.h>

#include <cstdlib>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// OSS-Fuzz's kinds of UndefinedBehaviorSanitizer, without unsigned overflow, which is recoverable.
constexpr const char undefined_kinds[] =
    "array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,"
    "returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,vla-bound,vptr";

std::string sanitizer_flags(const std::string& sanitizer) {
  if (sanitizer == "address") return " -fsanitize=address -fsanitize-address-use-after-scope";
  if (sanitizer == "undefined")
    return fmt::format(" -fsanitize={0},unsigned-integer-overflow -fno-sanitize-recover={0}",
                       undefined_kinds);
  if (sanitizer == "memory") return " -fsanitize=memory -fsanitize-memory-track-origins";
  return "";
}

// AFL++'s compiler adds its own instrumentation.
std::string coverage_flags(const std::string& engine, const std::string& sanitizer) {
  if (engine == "afl") return "";
  if (engine == "honggfuzz") return " -fsanitize-coverage=trace-pc-guard,indirect-calls,trace-cmp";
  return sanitizer == "coverage" ? " -fprofile-instr-generate -fcoverage-mapping -pthread"
                                 : " -fsanitize=fuzzer-no-link";
}

std::string must_print(const std::vector<std::string>& words) {
  CommandResult result = run_command(words, false);
  if (result.status) throw Failure(fmt::format("{} failed:\n{}", words[0], result.output));
  return result.output.substr(0, result.output.find_last_not_of('\n') + 1);
}

// Path of one of the compiler's files.
std::string of_compiler(const std::string& name, const char* package) {
  std::string path = must_print({cxx_compiler(), "-print-file-name=" + name});
  if (!fs::exists(path))
    throw Failure(fmt::format("{} has no {}, which is in Debian's package {}", cxx_compiler(), name,
                              package));
  return path;
}

// Builds libFuzzer as one archive that contains its C++ library, as OSS-Fuzz's images have it:
// distributions build libFuzzer with libstdc++, and targets use libc++.
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
  // Keeps an unchanged archive, since a new one would relink all targets.
  std::string content = read_file(made);
  if (!fs::exists(archive) || read_file(archive) != content) write_file(archive, content);
}

// A folder with libc++ for static linking only, as OSS-Fuzz's images have it.
void make_libraries(const fs::path& folder) {
  make_folder(folder);
  std::string library = of_compiler("libc++.a", "libc++-dev");
  write_file(folder / "libc++.a",
             fmt::format("INPUT({} {})\n", library, of_compiler("libc++abi.a", "libc++abi-dev")));
  make_engine(folder / "libFuzzingEngine.a");
}

// Debian's AFL++: its driver library and its programs.
const char afl_driver[] = "/usr/lib/afl/libAFLDriver.a";

// Files that OSS-Fuzz's compile script for AFL++ puts beside targets.
void put_afl_beside(const fs::path& out) {
  fs::copy_file(must_print({"which", "afl-fuzz"}), out / "afl-fuzz");
  write_file(out / "afl_options.txt", "AFL_QUIET=1\nAFL_IGNORE_PROBLEMS=1\n");
}

// No distribution has honggfuzz, so this is a built checkout.
fs::path honggfuzz_folder() {
  const char* folder = getenv("IOVAFUZZ_HONGGFUZZ");
  if (!folder) throw Failure("set IOVAFUZZ_HONGGFUZZ to a built checkout of honggfuzz");
  for (const char* part : {"honggfuzz", "libhfuzz/libhfuzz.a", "libhfcommon/libhfcommon.a"})
    if (!fs::is_regular_file(fs::path(folder) / part))
      throw Failure(
          fmt::format("{} is not a built checkout of honggfuzz: it has no {}", folder, part));
  return fs::absolute(folder);
}

// Libraries with which the engine's targets are linked.
std::string engine_of(const std::string& engine, const fs::path& libraries) {
  if (engine == "afl") return afl_driver;
  if (engine != "honggfuzz") return (libraries / "libFuzzingEngine.a").string();
  fs::path folder = honggfuzz_folder();
  return fmt::format("{} {}", (folder / "libhfuzz/libhfuzz.a").string(),
                     (folder / "libhfcommon/libhfcommon.a").string());
}

std::vector<std::string> environment(const std::string& engine, const std::string& sanitizer,
                                     const fs::path& folder, const fs::path& libraries) {
  std::string common = "-O1 -fno-omit-frame-pointer -gline-tables-only "
                       "-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION" +
                       sanitizer_flags(sanitizer) + coverage_flags(engine, sanitizer);
  const char* only_c = sanitizer == "undefined" ? " -fno-sanitize=function" : "";
  bool is_afl = engine == "afl";
  return {"CC=" + (is_afl ? "afl-clang-fast" : c_compiler()),
          "CXX=" + (is_afl ? "afl-clang-fast++" : cxx_compiler()),
          "CFLAGS=" + common + only_c,
          "CXXFLAGS=" + common + " -stdlib=libc++",
          "LDFLAGS=-L" + libraries.string(),
          "LIB_FUZZING_ENGINE=" + engine_of(engine, libraries),
          "FUZZING_ENGINE=" + engine,
          "SANITIZER=" + sanitizer,
          "ARCHITECTURE=x86_64",
          "FUZZING_LANGUAGE=c++",
          "AFL_QUIET=1",
          "SRC=" + source_folder().parent_path().string(),
          "WORK=" + (folder / "work").string(),
          "OUT=" + (folder / "out").string()};
}

std::vector<std::string> within(const std::vector<std::string>& variables,
                                const std::vector<std::string>& command) {
  std::vector<std::string> words{"env", "-C", source_folder().string(), "-u",
                                 "IOVAFUZZ_KERNEL_TREE"};
  words.insert(words.end(), variables.begin(), variables.end());
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace

FarmBuild build_as_there(const std::string& engine, const std::string& sanitizer,
                         const fs::path& all, const std::string& kernel) {
  fs::path libraries = all / "lib";
  make_libraries(libraries);
  FarmBuild build{engine, sanitizer, all / (engine == "libfuzzer" ? sanitizer : engine), {}};
  build.environment = environment(engine, sanitizer, build.folder, libraries);
  if (!kernel.empty()) build.environment.push_back("IOVAFUZZ_KERNEL_TREE=" + kernel);
  std::string variables = fmt::format("{}\n", fmt::join(build.environment, "\n"));
  fs::path note = build.folder / "environment";
  if (!fs::exists(note) || read_file(note) != variables) fs::remove_all(build.folder / "work");
  make_folder(build.folder / "work");
  write_file(note, variables);
  fs::remove_all(build.out());
  make_folder(build.out());
  std::string script = (source_folder() / ".clusterfuzzlite/build.sh").string();
  CommandResult result = run_command(within(build.environment, {"bash", "-eux", script}), false);
  if (result.status) throw Failure(fmt::format("{} failed:\n{}", script, result.output));
  if (engine == "afl") put_afl_beside(build.out());
  if (engine == "honggfuzz")
    fs::copy_file(honggfuzz_folder() / "honggfuzz", build.out() / "honggfuzz");
  return build;
}

fs::path build_more(const FarmBuild& build, const std::vector<std::string>& variants,
                    const std::vector<std::string>& targets) {
  fs::path folder = build.folder / "work/iovafuzz", list = folder / "variants.cmake";
  std::string calls = fmt::format("{}\n", fmt::join(variants, "\n"));
  if (!fs::exists(list) || read_file(list) != calls) write_file(list, calls);
  std::vector<std::string> words{"cmake", "--build", folder.string(), "--target"};
  words.insert(words.end(), targets.begin(), targets.end());
  CommandResult result = run_command(within(build.environment, words), false);
  if (result.status)
    throw Failure(
        fmt::format("targets for {} failed to build:\n{}", build.sanitizer, result.output));
  return folder / "bin";
}

}  // namespace tool
