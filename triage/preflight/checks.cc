// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/checks.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "triage/preflight/fuzz_binary.h"
#include "triage/preflight/runner.h"
#include "triage/preflight/target_files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr uint64_t min_edges = 100;
constexpr uint64_t max_bytes = 10'000'000'000;

// Limits on the sanitizer calls in binaries.
struct CallLimit {
  const char* build;
  const char* calls;
  bool at_least;
  uint64_t limit;
};
constexpr CallLimit call_limits[] = {
    {"address", "asan", true, 1000}, {"address", "dfsan", false, 0},
    {"address", "msan", false, 3},   {"address", "ubsan", false, 200},
    {"undefined", "asan", false, 0}, {"undefined", "dfsan", false, 0},
    {"undefined", "msan", false, 3}, {"undefined", "ubsan", true, 168},
    {"memory", "asan", false, 0},    {"memory", "dfsan", false, 0},
    {"memory", "msan", true, 1000},  {"memory", "ubsan", false, 200},
};

Check verdict(const std::string& name, const std::string& target, const std::string& why) {
  return {.name = name, .target = target, .ok = why.empty(), .why = why};
}

Check at_least(const std::string& name, const std::string& target, uint64_t figure,
               uint64_t limit) {
  return {.name = name,
          .target = target,
          .figure = figure,
          .limit = fmt::format(">= {}", limit),
          .ok = figure >= limit,
          .why = figure >= limit ? "" : "too few"};
}

Check at_most(const std::string& name, const std::string& target, uint64_t figure, uint64_t limit) {
  return {.name = name,
          .target = target,
          .figure = figure,
          .limit = fmt::format("<= {}", limit),
          .ok = figure <= limit,
          .why = figure <= limit ? "" : "too many"};
}

bool is_executable(const fs::path& file) {
  constexpr fs::perms any = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
  return (fs::status(file).permissions() & any) != fs::perms::none;
}

bool holds_entry_point(const std::string& content) {
  return is_elf(content) && content.find("LLVMFuzzerTestOneInput") != content.npos;
}

// All regular files, with paths relative to the folder.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder));
  std::sort(files.begin(), files.end());
  return files;
}

// Size and modification time of all files.
std::map<fs::path, std::pair<uintmax_t, fs::file_time_type>> state_of(const fs::path& folder) {
  std::map<fs::path, std::pair<uintmax_t, fs::file_time_type>> state;
  for (const fs::path& file : files_of(folder))
    state[file] = {fs::file_size(folder / file), fs::last_write_time(folder / file)};
  return state;
}

// Renames the folder and removes write permission during its lifetime.
class MovedAway {
 public:
  explicit MovedAway(const fs::path& folder) : home_(folder), path_(folder) {
    path_ += ".moved";
    if (fs::exists(path_)) {  // left by a killed run
      fs::permissions(path_, fs::perms::owner_write, fs::perm_options::add);
      fs::remove_all(path_);
    }
    fs::rename(home_, path_);
    fs::permissions(path_, writable, fs::perm_options::remove);
  }
  ~MovedAway() {
    std::error_code ignored;
    fs::permissions(path_, fs::perms::owner_write, fs::perm_options::add, ignored);
    fs::rename(path_, home_, ignored);
  }
  MovedAway(const MovedAway&) = delete;
  MovedAway& operator=(const MovedAway&) = delete;
  const fs::path& path() const { return path_; }

 private:
  static constexpr fs::perms writable =
      fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  fs::path home_, path_;
};

// Describes a failed run in one line.
std::string last_words(const CommandResult& result, int seconds) {
  if (result.status == 124 || result.status == 137)
    return fmt::format("does not end within {} s", seconds);
  static const std::regex telling(
      "ParseDictionaryFile: .*|panic: .*|==[0-9]+== ?ERROR: .*|ERROR: .*|.*: runtime error: .*");
  std::istringstream lines(result.output);
  std::string line, last;
  std::smatch match;
  while (std::getline(lines, line)) {
    if (std::regex_match(line, telling)) return line;
    if (!line.empty()) last = line;
  }
  return fmt::format("status {}: {}", result.status, last);
}

// Checks one target in several steps. Skips checks that depend on a failed one.
class Inspector {
 public:
  Inspector(const Preflight& preflight, const std::string& target)
      : preflight_(preflight), target_(target) {}

  const std::vector<Check>& checks() const { return checks_; }
  bool starts() const { return starts_; }

  // Returns whether the target can be checked at all.
  bool find(const fs::path& out) {
    add("name", std::regex_match(target_, std::regex("[A-Za-z0-9_-]+"))
                    ? ""
                    : "a name may have only letters, digits, _ and -");
    fs::path binary = out / target_;
    std::string why;
    if (!fs::is_regular_file(binary))
      why = "the file is missing";
    else if (!is_executable(binary))
      why = "it is not executable";
    else if (!holds_entry_point(read_file(binary)))
      why = "it is not a binary with LLVMFuzzerTestOneInput";
    add("present", why);
    return why.empty();
  }

  void look_into_binary(const fs::path& out) {
    fs::path binary = out / target_;
    std::string kind = architecture(binary);
    add("architecture", kind == "x86_64" ? "" : "it is built for " + kind);
    std::string fixed;
    for (const std::string& folder : library_folders(binary))
      if (folder.rfind("$ORIGIN", 0) != 0) fixed = fmt::format("{} is not below $ORIGIN", folder);
    add("rpath", fixed);
    std::string foreign;
    for (const std::string& library : libraries(binary))
      if (!is_of_base_system(library)) foreign += (foreign.empty() ? "" : ", ") + library;
    add("libraries", foreign.empty() ? "" : "a runner may lack " + foreign);
    std::map<std::string, uint64_t> calls = sanitizer_calls(binary);
    for (const CallLimit& limit : call_limits)
      if (limit.build == preflight_.sanitizer)
        checks_.push_back((limit.at_least ? at_least : at_most)(
            std::string(limit.calls) + "-calls", target_, calls[limit.calls], limit.limit));
  }

  // Starts from an empty corpus, as OSS-Fuzz's check_build does. Coverage builds cannot fuzz, since
  // their counters differ.
  CommandResult start(const fs::path& out) {
    if (preflight_.sanitizer == "coverage") return run(out, {"-help=1"});
    return run(out, {"-seed=1337", "-runs=4"});
  }
  void judge_start(const CommandResult& moved, const std::function<CommandResult()>& at_home) {
    bool uninteresting = moved.output.find("no interesting inputs were found") != moved.output.npos;
    starts_ = uninteresting || has_started(moved);
    bool at_home_only = !starts_ && has_started(at_home());
    add("relocatable", at_home_only ? "it runs only in the folder where it was built: " +
                                          last_words(moved, preflight_.seconds)
                                    : "");
    add("start", starts_ || at_home_only ? "" : last_words(moved, preflight_.seconds));
    if (!starts_ || preflight_.sanitizer == "coverage") return;
    add("instrumented", uninteresting ? "the engine found no interesting inputs" : "");
    if (uninteresting) return;
    static const std::regex loaded("INFO: Loaded [0-9]+ modules +\\(([0-9]+) ");
    std::smatch match;
    bool told = std::regex_search(moved.output, match, loaded);
    checks_.push_back(at_least("edges", target_, told ? std::stoull(match[1]) : 0, min_edges));
  }

  void run_inputs(const fs::path& out) {
    TemporaryFolder inputs;
    add("empty-input", run_file(out, inputs.write("empty", "")));
    add("input-line", run_file(out, inputs.write("line", "input\n")));
  }

  // Checks the target's companion files.
  void look_beside(const fs::path& out) {
    fs::path dictionary = out / (target_ + ".dict"), options = out / (target_ + ".options"),
             seeds = out / (target_ + "_seed_corpus.zip");
    std::string missing;
    for (const fs::path& file : {dictionary, options, seeds})
      if (!fs::is_regular_file(file))
        missing += (missing.empty() ? "" : ", ") + file.filename().string();
    add("companions", missing.empty() ? "" : "lacks " + missing);
    if (fs::is_regular_file(dictionary)) look_into_dictionary(out, dictionary);
    if (fs::is_regular_file(options)) look_into_options(out, options);
    if (fs::is_regular_file(seeds)) look_into_seeds(out, seeds);
  }

 private:
  void add(const std::string& name, const std::string& why) {
    checks_.push_back(verdict(name, target_, why));
  }

  CommandResult run(const fs::path& out, const std::vector<std::string>& arguments) const {
    return run_target(out / target_, arguments, {.seconds = preflight_.seconds});
  }

  bool has_started(const CommandResult& result) const {
    if (preflight_.sanitizer == "coverage") return result.status == 0;
    return result.status == 0 && result.output.find("Done 4 runs") != result.output.npos;
  }

  std::string run_file(const fs::path& out, const std::string& file) const {
    CommandResult result = run(out, {file});
    return result.status ? last_words(result, preflight_.seconds) : "";
  }

  void look_into_dictionary(const fs::path& out, const fs::path& path) {
    DictionaryFile dictionary = parse_dictionary(read_file(path));
    Check check = at_least("dictionary", target_, dictionary.entries, 1);
    if (!dictionary.mistakes.empty()) {
      check.why = dictionary.mistakes[0];
    } else if (starts_ && check.ok) {
      CommandResult result =
          run(out, {"-dict=" + fs::absolute(path).string(), "-seed=1337", "-runs=1"});
      if (result.output.find(fmt::format("Dictionary: {} entries", dictionary.entries)) ==
          result.output.npos)
        check.why =
            "the engine does not accept all entries: " + last_words(result, preflight_.seconds);
    }
    check.ok = check.ok && check.why.empty();
    checks_.push_back(check);
  }

  // Flags in the output of the engine's -help=1.
  std::set<std::string> engine_flags(const fs::path& out) const {
    std::set<std::string> flags;
    std::istringstream lines(run(out, {"-help=1"}).output);
    static const std::regex flag(" ([a-z_0-9]+) *\t.*");
    std::string line;
    std::smatch match;
    while (std::getline(lines, line))
      if (std::regex_match(line, match, flag)) flags.insert(match[1]);
    return flags;
  }

  void look_into_options(const fs::path& out, const fs::path& path) {
    OptionsFile file = parse_options(read_file(path));
    std::string why = file.mistakes.empty() ? "" : file.mistakes[0];
    std::set<std::string> flags = starts_ ? engine_flags(out) : std::set<std::string>();
    for (const TargetOption& option : file.options) {
      if (option.section != "libfuzzer" || !why.empty()) continue;
      if (starts_ && !flags.contains(option.key))
        why = fmt::format("libFuzzer has no flag -{}", option.key);
      else if (option.key == "dict" && !fs::is_regular_file(out / option.value) &&
               option.value != target_ + ".dict")  // a missing dictionary is already reported
        why = fmt::format("{} is missing", option.value);
      else if (option.key == "max_len" &&
               option.value.find_first_not_of("0123456789") != option.value.npos)
        why = fmt::format("max_len is not a number: {}", option.value);
    }
    add("options", why);
  }

  void look_into_seeds(const fs::path& out, const fs::path& archive) {
    CommandResult test = run_command({"unzip", "-tqq", archive.string()}, false);
    TemporaryFolder seeds;
    if (test.status == 0)
      test = run_command({"unzip", "-qq", archive.string(), "-d", seeds.path().string()}, false);
    std::vector<fs::path> files = files_of(seeds.path());
    Check check = at_least("seeds", target_, files.size(), 1);
    if (test.status) check.why = "unzip: " + test.output.substr(0, test.output.find('\n'));
    check.ok = check.ok && check.why.empty();
    checks_.push_back(check);
    if (!check.ok || !starts_) return;
    // Runs seeds as files, one by one: the engine prints each name before it runs it.
    std::vector<std::string> arguments;
    for (const fs::path& file : files) arguments.push_back((seeds.path() / file).string());
    CommandResult result = run(out, arguments);
    std::string why;
    if (result.status) {
      size_t at = result.output.rfind("Running: ");
      std::string seed = at == result.output.npos ? "?" : result.output.substr(at + 9);
      why = fmt::format("{}: {}", fs::path(seed.substr(0, seed.find('\n'))).filename().string(),
                        last_words(result, preflight_.seconds));
    }
    add("seeds-pass", why);
  }

  const Preflight& preflight_;
  std::string target_;
  std::vector<Check> checks_;
  bool starts_ = false;
};

// Other files that a runner would take for targets.
Check inspect_strays(const fs::path& out, const std::vector<std::string>& targets) {
  std::string strays;
  for (const fs::path& file : files_of(out)) {
    if (std::find(targets.begin(), targets.end(), file.string()) != targets.end()) continue;
    bool at_top = !file.has_parent_path();
    if ((at_top && is_executable(out / file)) ||
        (is_elf(out / file) && holds_entry_point(read_file(out / file))))
      strays += (strays.empty() ? "" : ", ") + file.string();
  }
  return verdict("no-strays", "", strays.empty() ? "" : strays + " would be taken for targets");
}

}  // namespace

std::vector<Check> inspect(const fs::path& folder, const Preflight& preflight) {
  const fs::path out = named_path(folder);
  if (!fs::is_directory(out)) throw Failure(fmt::format("{}: is not a folder", out.string()));
  std::vector<Inspector> inspectors;
  std::vector<size_t> present;
  for (const std::string& target : preflight.targets) {
    inspectors.emplace_back(preflight, target);
    if (inspectors.back().find(out)) present.push_back(inspectors.size() - 1);
  }
  uint64_t bytes = 0;
  for (const fs::path& file : files_of(out)) bytes += fs::file_size(out / file);
  std::vector<Check> checks{at_most("bytes", "", bytes, max_bytes),
                            inspect_strays(out, preflight.targets)};

  auto before = state_of(out);
  std::vector<CommandResult> starts(inspectors.size());
  {
    MovedAway moved(out);
    in_parallel(present.size(),
                [&](size_t i) { starts[present[i]] = inspectors[present[i]].start(moved.path()); });
  }
  for (size_t i : present)
    inspectors[i].judge_start(starts[i], [&] { return inspectors[i].start(out); });
  {
    MovedAway moved(out);
    in_parallel(present.size(), [&](size_t i) {
      Inspector& inspector = inspectors[present[i]];
      inspector.look_into_binary(moved.path());
      inspector.look_beside(moved.path());
      if (inspector.starts()) inspector.run_inputs(moved.path());
    });
  }
  checks.push_back(verdict("read-only", "",
                           state_of(out) == before ? "" : "a target writes into its own folder"));
  for (const Inspector& inspector : inspectors)
    checks.insert(checks.end(), inspector.checks().begin(), inspector.checks().end());
  return checks;
}

}  // namespace tool
