// SPDX-License-Identifier: GPL-2.0-only
// confirm: runs a program that shows a finding in Linux itself, or compares the answers of shim and
// Linux on many programs.
#include <fmt/core.h>

#include <memory>

#include "tool/findings/findings.h"
#include "tool/machine/calls_shown.h"
#include "tool/machine/qemu.h"
#include "tool/machine/side_by_side.h"
#include "tool/machine/uml.h"
#include "tool/replay/input.h"
#include "tool/replay/random_program.h"
#include "tool/support/command_line.h"
#include "tool/support/counter.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string kernel = "debian:6.12", shown_on, machine = "uml";
  uint64_t programs = 0, seed = 1;
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

std::unique_ptr<Machine> machine_of(const Arguments& arguments) {
  if (arguments.machine == "qemu") return std::make_unique<QemuKernel>(arguments.kernel);
  return std::make_unique<UmlKernel>(arguments.kernel);
}

int tell(const Arguments& arguments, const Machine& machine, const engine::Report& report,
         const Confirmation& answer, const std::vector<std::string>& left_out,
         const std::string& console) {
  const json all{{"kernel", machine.title()}, {"machine", machine.name()},
                 {"key", report.key},         {"verdict", in_words(answer.verdict)},
                 {"words", answer.words},     {"left_out", left_out},
                 {"console", console}};
  leave_beside_finding(arguments.files[0], all);
  if (arguments.json) {
    put(to_text(all));
  } else {
    std::string missing;
    for (const std::string& operation : left_out)
      missing += fmt::format("left out, since this machine cannot run it: {}\n", operation);
    put(fmt::format("{}\n{}, booted ({}): {}\n{}\n{}{}", report.headline, machine.title(),
                    machine.name(), in_words(answer.verdict), missing, answer.words,
                    arguments.console ? "\n" + console : ""));
  }
  switch (answer.verdict) {
    case Confirmation::same:
    case Confirmation::other: return findings;
    case Confirmation::nothing: return nothing_new;
    case Confirmation::no_answer: return could_not;
  }
  return could_not;
}

// User Mode Linux runs a KUnit test on one CPU, QEMU a list of calls on several.
int confirm_finding(const Arguments& arguments, const iova_variant& variant) {
  if (arguments.files.size() != 1)
    throw Failure("give one FILE that shows a finding, or --programs to compare many");
  const Input input = read_input(arguments.files[0]);
  const iova_variant& right = parse_variant("fixed").variant();
  if (arguments.machine == "qemu") {
    const CallsToShow calls = calls_to_show(input.program, variant, right, QemuKernel::most_cpus);
    const QemuKernel kernel(arguments.kernel);
    const InterruptGuard guard;
    const CallsShown shown = show_calls(kernel, calls);
    return tell(arguments, kernel, calls.report, shown.answer, calls.left_out, shown.console);
  }
  const KunitSuite suite = make_kunit_suite(input.program, variant, right);
  const UmlKernel kernel(arguments.kernel);
  const InterruptGuard guard;
  const std::string console = kernel.run(suite);
  if (interrupted()) throw Failure("interrupted");
  return tell(arguments, kernel, suite.report, confirmation(suite, console), {}, console);
}

json to_json(const LinuxDifference& difference) {
  return {{"number", difference.number},      {"program", program::print(difference.program)},
          {"call", difference.where.call},    {"shim", difference.where.expected},
          {"linux", difference.where.actual}, {"words", difference.words}};
}

std::string in_words(const std::map<std::string, uint64_t>& by_oracle, const char* what) {
  std::string text;
  for (const auto& [oracle, count] : by_oracle)
    text += fmt::format("{} of {}: {}\n", counted(count, "program"), oracle, what);
  return text;
}

int compare_programs(const Arguments& arguments, const iova_variant& variant) {
  check_comparable(variant);
  const InterruptGuard guard;
  std::vector<Input> inputs;
  if (!arguments.files.empty())
    for (const auto& file : expand(arguments.files)) inputs.push_back(read_input(file));
  // All programs of a boot share the number of CPUs; four let magazines move between CPUs.
  const Abilities abilities =
      arguments.machine == "qemu" ? Abilities{.cpus = 4, .has_queues = true} : Abilities{};
  const std::vector<program::OpCode> operations = sayable_operations(abilities);
  const auto program_of = [&](uint64_t number) {
    return number < inputs.size()
               ? inputs[number].program
               : random_program(arguments.seed, number - inputs.size(), inputs, operations);
  };
  const uint64_t count = inputs.size() + arguments.programs;
  const std::unique_ptr<Machine> machine = machine_of(arguments);
  Counter counter(stdout);
  const SideBySide result =
      compare_with_linux(*machine, abilities, variant, count, program_of, [&](uint64_t done) {
        if (!arguments.json) counter.show(fmt::format("{} of {} programs", done, count));
      });
  const bool same = result.differences.empty();
  if (arguments.json) {
    json differences = json::array();
    for (const LinuxDifference& difference : result.differences)
      differences.push_back(to_json(difference));
    put(to_text(json{{"kernel", machine->title()},
                     {"machine", machine->name()},
                     {"cpus", abilities.cpus},
                     {"shim", variant.name},
                     {"programs", result.programs},
                     {"calls", result.calls},
                     {"faults", result.faults},
                     {"passed_over", result.passed_over},
                     {"deaths", result.deaths},
                     {"silent", result.silent},
                     {"differences", differences}}));
    return same ? nothing_new : findings;
  }
  counter.clear();
  put(fmt::format("{}, booted ({}), and {} on the shim: {} programs, {} calls, {} faults: {}\n",
                  machine->title(), machine->name(), variant.name, result.programs, result.calls,
                  result.faults,
                  same ? "no difference" : counted(result.differences.size(), "difference")));
  put(in_words(result.deaths, "Linux crashed, too"));
  put(in_words(result.silent, "Linux continued"));
  if (result.passed_over)
    put(fmt::format("{} left out, since the shim's process dies\n",
                    counted(result.passed_over, "program")));
  if (!same)
    put("fields of an answer: result; a: allocation attempts; o, p: change of objects and per-CPU "
        "objects; c: cached_node; d: cached32_node; h: max32_alloc_size; q: queued ranges; s, f: "
        "flushes started and finished; t: ranges and their hash\n");
  for (const LinuxDifference& difference : result.differences)
    put(fmt::format("\nprogram {}: {}\n  shim:  {}\n  Linux: {}\n{}\n{}", difference.number,
                    difference.where.call, difference.where.expected, difference.where.actual,
                    difference.words, program::print(difference.program)));
  return same ? nothing_new : findings;
}

int confirm(const Arguments& arguments) {
  const std::string& shown_on = arguments.shown_on.empty() ? arguments.kernel : arguments.shown_on;
  const iova_variant& variant = parse_variant(shown_on).variant();
  return arguments.programs ? compare_programs(arguments, variant)
                            : confirm_finding(arguments, variant);
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("confirm", "compares a booted Linux with the shim, or shows a finding there");
  line.option(
      "FILE", arguments.files,
      "program that shows a finding (text or crash file); with --programs: inputs or folders of inputs to compare first");
  line.option("--kernel TREE", arguments.kernel,
              "kernel to boot: a full source tree, or debian:VERSION, whose source is fetched");
  line.option(
      "--shown-on VARIANT", arguments.shown_on,
      "revision or kernel tree that runs on the shim, if it differs from the booted kernel");
  line.option(
          "--machine MACHINE", arguments.machine,
          "machine to boot. uml: User Mode Linux with one CPU; qemu: x86-64 with several CPUs, flush queues and KASAN")
      .one_of({"uml", "qemu"});
  line.option("--programs", arguments.programs,
              "number of random programs to compare call by call; 0: confirm the finding of FILE")
      .range(0, 1e12);
  line.option("--seed", arguments.seed, "seed of the random programs");
  line.flag("--console", arguments.console, "print the whole output of the kernel")
      .excludes("--programs");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz confirm --kernel ~/linux crash-1234",
               "boots Linux and reports whether it fails; the first use builds the kernel");
  line.example("iovafuzz confirm --machine qemu crash-1234",
               "the same for a finding that needs several CPUs or a lasting flush");
  line.example("iovafuzz confirm --programs 1000 corpus",
               "compares the shim with Linux call by call");
  return line.run(argc, argv, [&] { return confirm(arguments); });
}
