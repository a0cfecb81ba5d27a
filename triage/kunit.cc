// SPDX-License-Identifier: GPL-2.0-only
// kunit: writes a program that shows a finding as a KUnit suite for a kernel tree.
#include <fmt/core.h>

#include "tool/findings/kunit_source.h"
#include "tool/replay/input.h"
#include "tool/support/command_line.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string file, out;
  VariantChoice choice;
  bool json = false;
};

int print_suite(const Arguments& arguments) {
  const Input input = read_input(arguments.file);
  const KunitSuite suite =
      make_kunit_suite(input.program, arguments.choice.variant(), parse_variant("fixed").variant());
  if (arguments.json) {
    put(to_text(json{{"name", suite.name}, {"source", suite.source}, {"config", suite.config}}));
  } else if (arguments.out.empty()) {
    put(suite.source);
  }
  if (arguments.out.empty()) return findings;
  const fs::path folder = arguments.out;
  make_folder(folder);
  write_file(folder / (suite.name + "_test.c"), suite.source);
  write_file(folder / ".kunitconfig", suite.config);
  if (!arguments.json)
    put(fmt::format("{}\n{}\nthe first lines of the .c file say where both go\n",
                    (folder / (suite.name + "_test.c")).string(),
                    (folder / ".kunitconfig").string()));
  return findings;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("kunit", "writes a KUnit test that shows the same finding in a kernel");
  line.option("FILE", arguments.file, "text program (.iova), or crash file of an engine")
      .required();
  arguments.choice.add_options(line);
  line.option("--out DIR", arguments.out,
              "folder for the test and its .kunitconfig (default: the test on standard output)");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz kunit --kernel ~/linux --out test crash-1234",
               "writes a test for drivers/iommu");
  return line.run(argc, argv, [&] { return print_suite(arguments); });
}
