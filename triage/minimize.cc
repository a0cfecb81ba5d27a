// SPDX-License-Identifier: GPL-2.0-only
// minimize: finds the smallest program that shows the same finding.
#include <fmt/core.h>

#include <filesystem>
#include <functional>
#include <map>

#include "tool/replay/input.h"
#include "tool/replay/known.h"
#include "tool/replay/minimizer.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"
#include "tool/support/json.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string file, key, out;
  VariantChoice choice;
  PastOption past;
  unsigned times = 2;
  std::chrono::milliseconds timeout{25'000};
  bool json = false;
};

constexpr char unfinished[] = "# unfinished: run the same command again to resume\n";

std::string key_of(const iova_variant& variant, const program::Program& program,
                   const Arguments& arguments, const std::vector<std::string>& known) {
  return run_isolated(variant, program,
                      {.timeout_ms = static_cast<int>(arguments.timeout.count()), .known = known})
      .key();
}

fs::path default_out(const fs::path& file) {
  fs::path out = file;
  out.replace_extension();
  out += ".minimized.iova";
  return out;
}

std::string text_of(const std::string& key, const std::string& comments,
                    const program::Program& program) {
  return fmt::format("# {}\n{}{}", key, comments, print(program));
}

// The program of an interrupted run's result if it still shows the key, else the input's.
program::Program start_of(const Input& input, const fs::path& out,
                          const std::function<std::string(const program::Program&)>& key_shown,
                          const std::string& key) {
  std::error_code error;
  if (!fs::is_regular_file(out, error)) return input.program;
  Input earlier = read_input(out);
  const bool is_resumed =
      earlier.content.find(unfinished) != std::string::npos && key_shown(earlier.program) == key;
  return is_resumed ? earlier.program : input.program;
}

// Writes other findings that were met into files beside the result. Returns the files by key.
std::map<std::string, std::string> write_others(const Minimized& result, const fs::path& out) {
  std::map<std::string, std::string> files;
  for (const auto& [key, program] : result.also) {
    fs::path path = out;
    path.replace_extension(fmt::format(".also{}.iova", files.size() + 1));
    write_file(path, text_of(key, "", program));
    files[key] = path.string();
  }
  return files;
}

json to_json(const Minimized& result, const Input& input, const Arguments& arguments,
             const fs::path& out, const std::map<std::string, std::string>& others) {
  json also = json::array();
  for (const auto& [key, path] : others) also.push_back({{"key", key}, {"file", path}});
  return {{"file", arguments.file},
          {"key", result.key},
          {"out", out.string()},
          {"operations", {input.program.operations.size(), result.program.operations.size()}},
          {"executions", result.executions},
          {"minimal", result.is_minimal},
          {"needed", result.needed},
          {"operands", result.operands},
          {"also", also}};
}

std::string in_words(const Minimized& result, const Input& input, const iova_variant& variant,
                     const fs::path& out, const std::map<std::string, std::string>& others) {
  std::string text = fmt::format("{}{}\n{} -> {} operations, {} executions{}\n\n{}\n", result.key,
                                 known_note(result.key, variant), input.program.operations.size(),
                                 result.program.operations.size(), result.executions,
                                 result.is_minimal ? "" : ", interrupted", print(result.program));
  for (const std::string& need : result.needed) text += need + "\n";
  if (!result.operands.empty()) text += result.operands + "\n";
  for (const auto& [key, path] : others)
    text += fmt::format("another finding, met on the way: {} in {}\n", key, path);
  return text + fmt::format("written to {}\n", out.string());
}

int minimize(const Arguments& arguments) {
  InterruptGuard guard;
  const iova_variant& variant = arguments.choice.variant();
  const Input input = read_input(arguments.file);
  const std::vector<std::string> known = arguments.past.expand(variant);
  const auto key_shown = [&](const program::Program& program) {
    return key_of(variant, program, arguments, known);
  };
  const std::string key = key_shown(input.program);
  if (key.empty())
    throw Failure(fmt::format("{}: shows no finding on {}", arguments.file, variant.name));
  if (!arguments.key.empty() && key != arguments.key)
    throw Failure(fmt::format("{}: shows {}, not {}; --past {} ignores it", arguments.file, key,
                              arguments.key, key));
  const fs::path out =
      arguments.out.empty() ? default_out(arguments.file) : fs::path(arguments.out);
  const program::Program start = start_of(input, out, key_shown, key);
  write_file(out, text_of(key, unfinished, start));
  MinimizeOptions options{.known = known,
                          .times = arguments.times,
                          .timeout_ms = static_cast<int>(arguments.timeout.count())};
  options.on_step = [&](const program::Program& program) {
    write_file(out, text_of(key, unfinished, program));
  };
  const Minimized result = tool::minimize(variant, start, key, options);
  const bool never_shown = result.outcome.kind == Outcome::clean;
  if (never_shown && !interrupted())
    throw Failure(
        fmt::format("{}: does not show {} in every run on {}", arguments.file, key, variant.name));
  std::string comments;
  for (const std::string& need : result.needed) comments += "# " + need + "\n";
  if (!result.operands.empty()) comments += "# " + result.operands + "\n";
  if (!result.is_minimal) comments += unfinished;
  write_file(out, text_of(result.key, comments, result.program));
  const std::map<std::string, std::string> others = write_others(result, out);
  fmt::print("{}", arguments.json ? to_text(to_json(result, input, arguments, out, others))
                                  : in_words(result, input, variant, out, others));
  return findings;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("minimize", "reduces an input to the smallest program with the same finding");
  line.option("FILE", arguments.file, "text program (.iova), or crash file of an engine")
      .required();
  arguments.choice.add_options(line);
  arguments.past.add_to(line);
  line.option("--key KEY", arguments.key,
              "key that the input must show and keep (default: the first that it shows)");
  line.option(
      "--out FILE", arguments.out,
      "file for the result (default: FILE.minimized.iova); the same command resumes an interrupted one");
  line.option("--times", arguments.times, "number of runs that must agree on each step")
      .range(1, 1000);
  line.option("--timeout", arguments.timeout, "time limit of one run").range(0.1, 1e6);
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz minimize --revision 6.12 crash-1234", "writes crash-1234.minimized.iova");
  return line.run(argc, argv, [&] { return minimize(arguments); });
}
