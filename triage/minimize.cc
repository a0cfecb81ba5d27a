// SPDX-License-Identifier: GPL-2.0-only
// minimize: the smallest program that shows the same finding.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "triage/commands.h"
#include "triage/files.h"
#include "triage/input.h"
#include "triage/interrupt.h"
#include "triage/known.h"
#include "triage/minimizer.h"
#include "triage/report_json.h"
#include "triage/variants.h"

namespace triage {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string file, key, out;
  VariantChoice choice;
  PastOption past;
  unsigned times = 2;
  double timeout = 25;
  bool json = false;
};

constexpr char unfinished[] = "# unfinished: the same command goes on from here\n";

std::string key_of(const iova_variant& variant, const program::Program& program,
                   const Arguments& arguments, const std::vector<std::string>& known) {
  return run_isolated(variant, program,
                      {.timeout_ms = static_cast<int>(arguments.timeout * 1000), .known = known})
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
    throw Failure(fmt::format("{}: shows nothing on {}", arguments.file, variant.name));
  if (!arguments.key.empty() && key != arguments.key)
    throw Failure(fmt::format("{}: shows {}, not {}; --past {} goes past it", arguments.file, key,
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
                          .timeout_ms = static_cast<int>(arguments.timeout * 1000)};
  options.on_step = [&](const program::Program& program) {
    write_file(out, text(program, unfinished));
  };
  Minimized result = triage::minimize(variant, start, key, options);
  bool never_shown = result.outcome.kind == Outcome::clean;
  if (never_shown && !interrupted())
    throw Failure(fmt::format("{}: does not show {} every time on {}", arguments.file, key,
                              variant.name));
  key = result.key;
  std::string comments;
  for (const std::string& need : result.needed) comments += "# " + need + "\n";
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
    nlohmann::json others = nlohmann::json::array();
    for (const auto& [other, path] : also) others.push_back({{"key", other}, {"file", path}});
    nlohmann::json summary{{"file", arguments.file},
                           {"key", key},
                           {"out", out.string()},
                           {"operations", {input.program.operations.size(),
                                           result.program.operations.size()}},
                           {"executions", result.executions},
                           {"minimal", result.is_minimal},
                           {"needed", result.needed},
                           {"also", others}};
    fmt::print("{}", to_text(summary));
  } else {
    fmt::print("{}{}\n{} -> {} operations, {} executions{}\n\n{}\n", key,
               known_note(key, variant), input.program.operations.size(),
               result.program.operations.size(), result.executions,
               result.is_minimal ? "" : ", interrupted", print(result.program));
    for (const std::string& need : result.needed) fmt::print("{}\n", need);
    for (const auto& [other, path] : also)
      fmt::print("on the way, something else: {} in {}\n", other, path);
    fmt::print("written to {}\n", out.string());
  }
  return findings;
}

}  // namespace

void add_minimize(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("minimize", "The smallest program that shows the same finding");
  command->add_option("FILE", arguments->file, "a .iova text, or the bytes of a crash")->required();
  arguments->choice.add_options(*command);
  arguments->past.add_to(*command);
  command->add_option("--key", arguments->key, "what it must show, else it is refused");
  command->add_option("--out", arguments->out,
                      "the smaller program as text; else FILE.minimized.iova. If it is there, "
                      "unfinished, it is gone on with");
  command->add_option("--times", arguments->times, "runs that must agree before a step is taken")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command->add_option("--timeout", arguments->timeout, "seconds for one run")
      ->check(CLI::Range(0.1, 1e6));
  command->add_flag("--json", arguments->json, "for programs");
  command->callback(
      [arguments, &action] { action = [arguments] { return minimize(*arguments); }; });
}

}  // namespace triage
