// SPDX-License-Identifier: GPL-2.0-only
// reproducer: writes a program that shows a finding as one C file without an engine, then compiles
// and runs it.
#include <fmt/core.h>

#include "tool/findings/c_source.h"
#include "tool/replay/input.h"
#include "tool/replay/known.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string file, out, compiler = c_compiler();
  VariantChoice choice;
  PastOption past;
  bool json = false;
};

// Uses the flags with which this tool's build was made.
std::vector<std::string> compile_command(const Arguments& arguments, const fs::path& source,
                                         const fs::path& program) {
  fs::path libraries = build_folder() / "src";
  std::vector<std::string> words{arguments.compiler,
                                 "-g",
                                 "-I",
                                 (source_folder() / "src").string(),
                                 source.string(),
                                 "-o",
                                 program.string(),
                                 (libraries / "libreproducer.a").string(),
                                 arguments.choice.library().string()};
  for (std::string word : {"-rdynamic", "-Wl,--whole-archive"}) words.push_back(word);
  words.push_back((libraries / "libshim.a").string());
  for (std::string word : {"-Wl,--no-whole-archive", "-lfmt", "-lstdc++", "-lm"})
    words.push_back(word);
  if (!sanitizers().empty()) {
    words.push_back("-fsanitize=" + sanitizers());
    // The libraries contain C++ objects, also when the C compiler links.
    if (arguments.compiler == c_compiler()) words.push_back("-fsanitize-link-c++-runtime");
  }
  return words;
}

// Quotes words for a shell.
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + quoted(word);
  return text;
}

// The key in a line "key: ..." of the output.
std::string key_in(const std::string& output) {
  size_t at = output.find("key: ");
  return at == std::string::npos ? "" : output.substr(at + 5, output.find('\n', at) - at - 5);
}

// Appends to the full name: crash files often have no extension.
fs::path program_of(const fs::path& source) { return source.string() + ".run"; }

fs::path source_of(const Arguments& arguments) {
  const fs::path out = arguments.out.empty() ? fs::path(arguments.file).replace_extension(".c")
                                             : fs::path(arguments.out);
  std::error_code none;
  for (const fs::path& written : {out, program_of(out)})
    if (fs::equivalent(written, arguments.file, none))
      throw Failure(fmt::format("{}: is the input, which would be overwritten: give another --out",
                                written.string()));
  return out;
}

int reproducer(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  Input input = read_input(arguments.file);
  const fs::path out = source_of(arguments), program = program_of(out);
  IsolateOptions options{
      .record = true, .record_calls = true, .known = arguments.past.expand(variant)};
  Outcome outcome = run_isolated(variant, input.program, options);
  if (!outcome.report)
    throw Failure(fmt::format("{}: shows {} on {}, for which no C file can be made", arguments.file,
                              outcome.key().empty() ? "no finding" : outcome.key(), variant.name));
  if (!outcome.known_met.empty())
    throw Failure(fmt::format("{}: the finding comes after {}, which a C file cannot ignore",
                              arguments.file, outcome.known_met[0]));
  write_file(out, c_source(input.program, variant, outcome));
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
                              {"program", program.string()},
                              {"compile", joined(compile)},
                              {"reproduces", same},
                              {"shows", key}}));
  } else {
    fmt::print("{}\n\n{}\n{}\n", out.string(), joined(compile),
               quoted(fs::absolute(program).string()));
    fmt::print("\n{}\n", same ? fmt::format("it shows {}", key)
                              : fmt::format("it does not show {}, but:\n{}", outcome.report->key,
                                            ran.output));
  }
  return same ? findings : could_not;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("reproducer", "writes a C file that shows the finding without an engine");
  line.option("FILE", arguments.file, "text program (.iova), or crash file of an engine")
      .required();
  arguments.choice.add_options(line);
  arguments.past.add_to(line);
  line.option("--out FILE", arguments.out,
              "C file to write (default: FILE.c); the compiled program gets .run appended");
  line.option("--cc COMPILER", arguments.compiler, "C compiler")
      .shown_default("the compiler of this build");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz reproducer --revision 6.12 crash-1234",
               "writes crash-1234.c, compiles it to crash-1234.c.run and runs that");
  return line.run(argc, argv, [&] { return reproducer(arguments); });
}
