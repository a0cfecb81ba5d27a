// SPDX-License-Identifier: GPL-2.0-only
// litmus: writes tests for herd7 from the memory accesses of two operations in a run.
#include <fmt/core.h>

#include "tool/replay/input.h"
#include "tool/replay/litmus.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  std::string file, out;
  std::vector<size_t> operations;
  VariantChoice choice;
};

int litmus(const Arguments& arguments) {
  const Input input = read_input(arguments.file);
  const iova_variant& variant = arguments.choice.variant();
  if (arguments.operations.size() < 2)
    throw Failure("a test needs at least two operations: give --operation N for each");
  for (size_t operation : arguments.operations)
    if (operation >= input.program.operations.size())
      throw Failure(fmt::format("{}: there is no operation {}", arguments.file, operation));
  const std::string name = input.path.stem().string();
  const std::vector<std::string> tests =
      litmus_tests(name, input.program, record_order(variant, input.program), arguments.operations);
  if (tests.empty())
    throw Failure("these operations share no words whose order a read could reveal");
  for (size_t i = 0; i < tests.size(); i++) {
    if (arguments.out.empty()) {
      fmt::print("{}{}", i ? "\n" : "", tests[i]);
      continue;
    }
    const std::filesystem::path file =
        std::filesystem::path(arguments.out) / fmt::format("{}-{}.litmus", name, i + 1);
    make_folder(file.parent_path());
    write_file(file, tests[i]);
    fmt::print("{}\n", file.string());
  }
  return nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("litmus", "writes litmus tests for herd7 from the accesses of a run");
  line.option("FILE", arguments.file, "input").required();
  line.option("--operation N", arguments.operations,
              "number of an operation (see iovafuzz show) that becomes a thread; give two or more")
      .one_at_a_time();
  arguments.choice.add_options(line);
  line.option("--out DIR", arguments.out, "folder for the tests (default: standard output)");
  line.example(
      "iovafuzz litmus --operation 7 --operation 9 --out litmus "
      "corpus/iova_races/queue_is_new_to_another_cpu.iova",
      "writes tests of whether the barriers order the initialization before the publication");
  return line.run(argc, argv, [&] { return tool::litmus(arguments); });
}
