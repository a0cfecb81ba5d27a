// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/mail.h"

#include <fmt/core.h>

#include <optional>

#include "engine/ledger.h"
#include "tool/findings/kunit_source.h"
#include "tool/replay/isolate.h"
#include "tool/replay/known.h"
#include "tool/support/failure.h"
#include "tool/support/words.h"

namespace tool {
namespace {

constexpr size_t columns = 75;

// Of "kernel@debian:6.12 (6.12.117-1~deb12u1)": "drivers/iommu/iova.c of Linux 6.12.117-1~deb12u1
// as Debian packages it, built in userspace".
std::string in_words(const std::string& variant) {
  const std::string kernel = "kernel@", debian = "debian:";
  if (!variant.starts_with(kernel)) return fmt::format("a model of the allocator ({})", variant);
  const std::string tree = variant.substr(kernel.size());
  const size_t version = tree.find('(');
  const std::string release =
      !tree.starts_with(debian) || version == tree.npos
          ? "the tree " + tree
          : fmt::format("Linux {} as Debian packages it",
                        tree.substr(version + 1, tree.size() - version - 2));
  return fmt::format("drivers/iommu/iova.c of {}, built in userspace", release);
}

// "kmem_cache_free() of a NULL pointer", without the oracle's id.
std::string rule_of(const engine::Report& report) {
  const size_t end = report.headline.find(": ");
  return end == report.headline.npos ? report.headline : report.headline.substr(end + 2);
}

std::string bare(const std::string& function) { return function.substr(0, function.find(' ')); }

std::string indented(const std::string& text) {
  std::string all;
  for (const std::string& line : lines_of(text)) all += line.empty() ? "\n" : "    " + line + "\n";
  return all;
}

std::string subject_of(const engine::Report& report, const engine::KnownFinding* known) {
  std::string what =
      known ? known->title : fmt::format("{} in {}()", rule_of(report), bare(report.function));
  return "Subject: iommu/iova: " + what;
}

}  // namespace

std::string mail_of(const program::Program& program, const iova_variant& variant,
                    const iova_variant& right) {
  std::optional<KunitSuite> suite;
  std::string why_not;
  engine::Report report;
  try {
    suite = kunit_suite(program, variant, right);
    report = suite->report;
  } catch (const NotInKunit& reason) {
    why_not = reason.what();
    report = *run_isolated(variant, program).report;  // else there was nothing to make a suite of
  }
  const engine::KnownFinding* known = engine::find_known(report.key, variant);

  std::string text = subject_of(report, known) + "\n\n";
  text += in_lines(fmt::format("Fuzzing {}, met:", in_words(variant.name)), columns);
  std::string fact = fmt::format("\n{}\nin {}", rule_of(report), report.function);
  if (report.call != bare(report.function)) fact += fmt::format("\ncalled by {}()", report.call);
  if (!report.values.empty()) fact += "\n" + report.values;
  text += indented(fact + "\n") + "\n";
  if (report.faults.empty()) {
    text += in_lines("No allocation has to fail for it.", columns);
  } else {
    text += "It takes an allocation that fails:\n\n";
    for (const std::string& fault : report.faults) text += indented(in_lines(fault, columns - 4));
  }
  if (known) {
    text += "\n" + in_lines(known->story, columns) + "\n" + in_lines(known->contract, columns);
    text += "\n" +
            in_lines(fmt::format("It is there since {}, and {}.", known->since,
                                 known->upstream == "not fixed" ? "not repaired upstream"
                                                                : "repaired by " + known->upstream),
                     columns);
  }
  text +=
      "\nThe calls, the last one with the finding (-> marks it):\n\n" + indented(report.program);
  if (!suite)
    return text + "\n" +
           in_lines(fmt::format("A KUnit test cannot show it: {}.", why_not), columns);
  const std::string file = suite->name + "_test.c";
  text += "\n" +
          in_lines(fmt::format("This KUnit suite, drivers/iommu/{}, shows it in a kernel:", file),
                   columns);
  return text + "\n" + suite->source;
}

}  // namespace tool
