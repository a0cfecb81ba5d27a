// SPDX-License-Identifier: GPL-2.0-only
// minimize: finds the smallest program that shows the same finding.
#include <fmt/core.h>

#include <filesystem>
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

int minimize(const Arguments& arguments) {
  InterruptGuard guard;
  const iova_variant& variant = arguments.choice.variant();
  Input input = read_input(arguments.file);
  std::vector<std::string> known = arguments.past.expand(variant);
  std::string key = key_of(variant, input.program, arguments, known);
  if (key.empty())
    throw Failure(fmt::format("{}: shows no finding on {}", arguments.file, variant.name));
  if (!arguments.key.empty() && key != arguments.key)
    throw Failure(fmt::format("{}: shows {}, not {}; --past {} ignores it", arguments.file, key,
                              arguments.key, key));
  fs::path out = arguments.out.empty() ? default_out(arguments.file) : fs::path(arguments.out);
  program::Program start = input.program;
  std::error_code error;
  if (fs::is_regular_file(out, error)) {
    Input earlier = read_input(out);
    bool goes_on = earlier.content.find(unfinished) != std::string::npos &&
                   key_of(variant, earlier.program, arguments, known) == key;
    if (goes_on) start = earlier.program;
  }
  auto text = [&](const program::Program& program, const std::string& comments) {
    return fmt::format("# {}\n{}{}", key, comments, print(program));
  };
  write_file(out, text(start, unfinished));
  MinimizeOptions options{.known = known,
                          .times = arguments.times,
                          .timeout_ms = static_cast<int>(arguments.timeout.count())};
  options.on_step = [&](const program::Program& program) {
    write_file(out, text(program, unfinished));
  };
  Minimized result = tool::minimize(variant, start, key, options);
  bool never_shown = result.outcome.kind == Outcome::clean;
  if (never_shown && !interrupted())
    throw Failure(
        fmt::format("{}: does not show {} in every run on {}", arguments.file, key, variant.name));
  key = result.key;
  std::string comments;
  for (const std::string& need : result.needed) comments += "# " + need + "\n";
  if (!result.operands.empty()) comments += "# " + result.operands + "\n";
  if (!result.is_minimal) comments += unfinished;
  write_file(out, text(result.program, comments));
  std::map<std::string, std::string> also;  // files by key
  for (const auto& [other, program] : result.also) {
    fs::path path = out;
    path.replace_extension(fmt::format(".also{}.iova", also.size() + 1));
    write_file(path, fmt::format("# {}\n{}", other, print(program)));
    also[other] = path.string();
  }
  if (arguments.json) {
    json others = json::array();
    for (const auto& [other, path] : also) others.push_back({{"key", other}, {"file", path}});
    json summary{
        {"file", arguments.file},
        {"key", key},
        {"out", out.string()},
        {"operations", {input.program.operations.size(), result.program.operations.size()}},
        {"executions", result.executions},
        {"minimal", result.is_minimal},
        {"needed", result.needed},
        {"operands", result.operands},
        {"also", others}};
    fmt::print("{}", to_text(summary));
  } else {
    fmt::print("{}{}\n{} -> {} operations, {} executions{}\n\n{}\n", key, known_note(key, variant),
               input.program.operations.size(), result.program.operations.size(), result.executions,
               result.is_minimal ? "" : ", interrupted", print(result.program));
    for (const std::string& need : result.needed) fmt::print("{}\n", need);
    if (!result.operands.empty()) fmt::print("{}\n", result.operands);
    for (const auto& [other, path] : also)
      fmt::print("another finding, met on the way: {} in {}\n", other, path);
    fmt::print("written to {}\n", out.string());
  }
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
