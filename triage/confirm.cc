// SPDX-License-Identifier: GPL-2.0-only
// confirm: a program that shows a finding, run by Linux itself.
#include <fmt/core.h>

#include "tool/findings/findings.h"
#include "tool/machine/uml.h"
#include "tool/replay/input.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  std::string file, kernel, shown_on;
  bool console = false, json = false;
};

const char* in_words(Confirmation::Verdict verdict) {
  switch (verdict) {
    case Confirmation::same: return "the same failure";
    case Confirmation::other: return "another failure";
    case Confirmation::nothing: return "nothing";
    case Confirmation::no_answer: return "no answer";
  }
  return "?";
}

int confirm(const Arguments& arguments) {
  const Input input = read_input(arguments.file);
  const std::string& shown_on = arguments.shown_on.empty() ? arguments.kernel : arguments.shown_on;
  const iova_variant& variant = parse_variant(shown_on).variant();
  const KunitSuite suite = kunit_suite(input.program, variant, parse_variant("fixed").variant());
  const UmlKernel kernel(arguments.kernel);
  const std::string console = kernel.run(suite);
  const Confirmation answer = confirmation(suite, console);
  const json all{{"kernel", kernel.title()},
                 {"key", suite.report.key},
                 {"verdict", in_words(answer.verdict)},
                 {"words", answer.words},
                 {"console", console}};
  leave_beside_finding(arguments.file, all);
  if (arguments.json)
    put(to_text(all) + "\n");
  else
    put(fmt::format("{}\n{}: {}\n\n{}{}", suite.report.headline,
                    fmt::format("{}, booted", kernel.title()), in_words(answer.verdict),
                    answer.words, arguments.console ? "\n" + console : ""));
  switch (answer.verdict) {
    case Confirmation::same:
    case Confirmation::other: return findings;
    case Confirmation::nothing: return nothing_new;
    case Confirmation::no_answer: return could_not;
  }
  return could_not;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  arguments.kernel = "debian:6.12";
  CommandLine line("confirm", "runs a program that shows a finding on a booted Linux");
  line.option("FILE", arguments.file, "a text program (.iova), or the bytes of a crash").required();
  line.option("--kernel", arguments.kernel,
              "a folder with all of Linux, or debian:VERSION (its whole source is fetched)");
  line.option("--shown-on", arguments.shown_on,
              "revision of the port or kernel tree that shows the finding, if the kernel is to be "
              "without it");
  line.flag("--console", arguments.console, "print all that the kernel printed");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz confirm --kernel ~/linux crash-1234",
               "does Linux itself fail there? the first time, a kernel is built");
  return line.run(argc, argv, [&] { return confirm(arguments); });
}
