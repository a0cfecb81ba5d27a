// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/mail.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/ledger.h"
#include "iova/revision.h"
#include "tool/findings/kunit_source.h"
#include "tool/replay/isolate.h"
#include "tool/replay/known.h"
#include "tool/support/failure.h"
#include "tool/support/report_text.h"
#include "tool/support/words.h"

namespace tool {
namespace {

// Since v5.17 the flush queue is in dma-iommu.c, which needs another subject prefix.
bool is_of_queue(const engine::Report& report, const iova_variant& variant) {
  return variant.init_rcaches &&
         (report.call == "queue_iova" || report.call == "iommu_dma_init_fq" ||
          report.function.find("dma-iommu.c") != report.function.npos);
}

// "kernel@debian:6.12 (6.12.117-1~deb12u1)" becomes "drivers/iommu/iova.c of Debian's Linux
// 6.12.117-1~deb12u1".
std::string in_words(const std::string& variant, bool of_queue) {
  const std::string kernel = "kernel@", debian = "debian:";
  if (!variant.starts_with(kernel)) return fmt::format("a model of the allocator ({})", variant);
  const std::string tree = variant.substr(kernel.size());
  const size_t version = tree.find('(');
  const std::string release =
      !tree.starts_with(debian) || version == tree.npos
          ? "the tree " + tree
          : fmt::format("Debian's Linux {}", tree.substr(version + 1, tree.size() - version - 2));
  return fmt::format("drivers/iommu/iova.c{} of {}",
                     of_queue ? " and the flush queue of drivers/iommu/dma-iommu.c" : "", release);
}

// The headline without the oracle's id: "kmem_cache_free() of a NULL pointer".
std::string rule_of(const engine::Report& report) {
  const size_t end = report.headline.find(": ");
  return end == report.headline.npos ? report.headline : report.headline.substr(end + 2);
}

std::string indented(const std::string& text) {
  std::string all;
  for (const std::string& line : lines_of(text)) all += line.empty() ? "\n" : "    " + line + "\n";
  return all;
}

std::string subject_of(const engine::Report& report, const engine::KnownFinding* known,
                       bool of_queue) {
  std::string what =
      known ? known->title
            : fmt::format("{} in {}()", rule_of(report), bare_function(report.function));
  return fmt::format("Subject: iommu/{}: {}", of_queue ? "dma" : "iova", what);
}

// Describes an operation in kernel terms.
std::string meaning_of(const program::Operation& operation) {
  const program::OperationSpec& spec = program::spec(operation.code);
  const bool is_call = spec.on_domain || operation.code == program::OpCode::cache_get ||
                       operation.code == program::OpCode::cache_put;
  switch (operation.code) {
    case program::OpCode::fail: return "an allocation of the next call fails";
    case program::OpCode::slow: return "the next hardware flush stays in progress on another CPU";
    case program::OpCode::tick:
      return fmt::format("{} ms pass; timers and works that are due run",
                         program::value(operation, program::Role::ms).number);
    case program::OpCode::irq: return "the next call is made in a hard interrupt handler";
    default: break;
  }
  if (!is_call) return spec.meaning;
  const uint64_t count = program::calls(operation);
  return fmt::format("{}(){}", spec.function, count > 1 ? fmt::format(", {} times", count) : "");
}

// The calls up to the marked one at fault, each as program text and in kernel terms.
std::string calls_of(const program::Program& program, const engine::Report& report) {
  constexpr size_t words_at = 32;
  std::string text;
  const size_t last = std::min(report.operation_index, program.operations.size());
  for (size_t i = 0; i <= last && i < program.operations.size(); i++) {
    std::string line = fmt::format("{} {:>3}  {}", i == last ? "->" : "  ", i,
                                   program::print(program.operations[i]));
    const std::string words = in_lines(meaning_of(program.operations[i]), mail_columns - words_at);
    for (const std::string& part : lines_of(words)) {
      const bool is_full = line.size() + 2 > words_at - 4;
      if (is_full) text += indented(line + "\n"), line.clear();
      line.resize(std::max(line.size(), words_at - 4), ' ');
      line += part;
      text += indented(line + "\n");
      line.clear();
    }
  }
  if (last == program.operations.size())
    text += indented("->      at the end, everything is freed\n");
  return text;
}

// "It was introduced in v6.9 and is not repaired upstream".
std::string since_in_words(const engine::KnownFinding& known) {
  static constexpr std::string_view maybe_older = " or before";
  std::string since = known.since;
  const bool is_older = since.ends_with(maybe_older);
  if (is_older) since.resize(since.size() - maybe_older.size());
  return fmt::format("{} {}",
                     is_older ? since + " has it, and older releases may have it, too. It is"
                              : "It was introduced in " + since + " and is",
                     known.upstream == "not fixed" ? "not repaired upstream"
                                                   : "repaired upstream by " + known.upstream);
}

// Drops the ledger's prefix "In contract: ", which is meant for testers.
std::string who_gets_there(const engine::KnownFinding& known) {
  static constexpr std::string_view in_contract = "In contract: ";
  return known.contract.starts_with(in_contract)
             ? "Who can reach it: " + known.contract.substr(in_contract.size())
             : known.contract;
}

// The repair of an issue that upstream has not fixed.
std::string repair_of(const engine::KnownFinding& known) {
  for (const port::Behaviour& behaviour : port::behaviours)
    if (known.id == behaviour.repairs && known.upstream == "not fixed")
      return fmt::format(
          "Proposed repair: {}. A model of the allocator with that change no longer shows the fault.",
          behaviour.meaning);
  return "";
}

}  // namespace

std::string mail_of(const program::Program& program, const iova_variant& variant,
                    const iova_variant& right) {
  std::optional<KunitSuite> suite;
  std::string why_not;
  engine::Report report;
  try {
    suite = make_kunit_suite(program, variant, right);
    report = suite->report;
  } catch (const NotInKunit& reason) {
    why_not = reason.what();
    report = *run_isolated(variant, program).report;  // no suite was made, so run the program for
                                                      // its report
  }
  const engine::KnownFinding* known = find_issue(report.key, variant);

  const bool of_queue = is_of_queue(report, variant);

  std::string text = subject_of(report, known, of_queue) + "\n\n";
  text += in_lines(fmt::format("Fuzzing {} in userspace found:", in_words(variant.name, of_queue)),
                   mail_columns);
  std::string fact = fmt::format("\n{}\nin {}", rule_of(report), report.function);
  if (report.call != bare_function(report.function))
    fact += fmt::format("\ncalled by {}()", report.call);
  if (!report.values.empty()) fact += "\n" + report.values;
  text += indented(fact + "\n") + "\n";
  if (report.faults.empty()) {
    text += in_lines("It needs no allocation failure.", mail_columns);
  } else {
    text += "It needs an allocation failure:\n\n";
    for (const std::string& fault : report.faults)
      text += indented(in_lines(fault, mail_columns - 4));
  }
  if (known) {
    for (const std::string& part :
         {known->story, who_gets_there(*known), since_in_words(*known) + ".", repair_of(*known)})
      if (!part.empty()) text += "\n" + in_lines(part, mail_columns);
  }
  text += "\nThe calls (-> marks the one that shows it):\n\n" + calls_of(program, report);
  if (!suite)
    return text + "\n" +
           in_lines(fmt::format("No KUnit test can show it: {}.", why_not), mail_columns);
  const std::string file = suite->name + "_test.c";
  text += "\n" + in_lines(fmt::format("This KUnit suite, drivers/iommu/{}, shows it:", file),
                          mail_columns);
  return text + "\n" + suite->source;
}

}  // namespace tool
