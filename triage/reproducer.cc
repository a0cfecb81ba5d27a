// SPDX-License-Identifier: GPL-2.0-only
// reproducer: a program that shows a finding as one C file without an engine, compiled and run.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "triage/build.h"
#include "triage/c_source.h"
#include "triage/commands.h"
#include "triage/files.h"
#include "triage/input.h"
#include "triage/known.h"
#include "triage/report_json.h"
#include "triage/variants.h"

namespace triage {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string file, out, compiler = IOVAFUZZ_C_COMPILER;
  VariantChoice choice;
  PastOption past;
  bool json = false;
};

// With what this tool's build was made with.
std::vector<std::string> compile_command(const Arguments& arguments, const fs::path& source,
                                         const fs::path& program) {
  fs::path libraries = build_folder() / "src";
  std::vector<std::string> words{arguments.compiler, "-g", "-I",
                                 (source_folder() / "src").string(), source.string(), "-o",
                                 program.string(), (libraries / "libreproducer.a").string(),
                                 arguments.choice.library().string()};
  for (std::string word : {"-rdynamic", "-Wl,--whole-archive"}) words.push_back(word);
  words.push_back((libraries / "libshim.a").string());
  for (std::string word : {"-Wl,--no-whole-archive", "-lfmt", "-lstdc++", "-lm"})
    words.push_back(word);
  std::string sanitizers = IOVAFUZZ_SANITIZE;
  if (!sanitizers.empty()) words.push_back("-fsanitize=" + sanitizers);
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// "key: ..." of its output.
std::string key_in(const std::string& output) {
  size_t at = output.find("key: ");
  return at == std::string::npos ? "" : output.substr(at + 5, output.find('\n', at) - at - 5);
}

int reproducer(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  Input input = read_input(arguments.file);
  IsolateOptions options{
      .record = true, .record_calls = true, .known = arguments.past.expand(variant)};
  Outcome outcome = run_isolated(variant, input.program, options);
  if (!outcome.report)
    throw Failure(fmt::format("{}: shows {} on {}, of which no C file can be made", arguments.file,
                              outcome.key().empty() ? "nothing" : outcome.key(), variant.name));
  if (!outcome.known_met.empty())
    throw Failure(fmt::format("{}: the finding comes after {}, which a C file cannot go past",
                              arguments.file, outcome.known_met[0]));
  fs::path out = arguments.out.empty() ? fs::path(arguments.file).replace_extension(".c")
                                       : fs::path(arguments.out);
  write_file(out, c_source(input.program, variant, outcome));
  fs::path program = out;
  program.replace_extension();
  if (program == out) program += ".run";
  build({"reproducer"});
  std::vector<std::string> compile = compile_command(arguments, out, program);
  CommandResult compiled = run_command(compile, false);
  if (compiled.status)
    throw Failure(fmt::format("{}: {} cannot compile it:\n{}", out.string(), arguments.compiler,
                              compiled.output));
  CommandResult ran = run_command({fs::absolute(program).string()}, false);
  std::string key = key_in(ran.output);
  bool same = key == outcome.report->key;
  if (arguments.json) {
    fmt::print("{}", to_text({{"file", arguments.file},
                              {"variant", variant.name},
                              {"key", outcome.report->key},
                              {"source", out.string()},
                              {"compile", joined(compile)},
                              {"reproduces", same},
                              {"shows", key}}));
  } else {
    fmt::print("{}\n\n{}\n{}\n", out.string(), joined(compile), fs::absolute(program).string());
    fmt::print("\n{}\n", same ? fmt::format("it shows {}", key)
                              : fmt::format("it does not show {}, but:\n{}", outcome.report->key,
                                            ran.output));
  }
  return same ? findings : could_not;
}

}  // namespace

void add_reproducer(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("reproducer", "One C file without an engine that shows the same finding");
  command->add_option("FILE", arguments->file, "a .iova text, or the bytes of a crash")->required();
  arguments->choice.add_options(*command);
  arguments->past.add_to(*command);
  command->add_option("--out", arguments->out, "the C file; else FILE.c");
  command->add_option("--cc", arguments->compiler, "that compiles it")->capture_default_str();
  command->add_flag("--json", arguments->json, "for programs");
  command->callback(
      [arguments, &action] { action = [arguments] { return reproducer(*arguments); }; });
}

}  // namespace triage
