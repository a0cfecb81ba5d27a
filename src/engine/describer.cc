// SPDX-License-Identifier: GPL-2.0-only
#include "engine/describer.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/printing.h"
#include "engine/strands.h"
#include "shim/cpu.h"
#include "shim/object.h"
#include "shim/timekeeping.h"

namespace engine {
namespace {

std::string describe(const InjectedFault& fault, const program::Program& program) {
  return fmt::format("operation {} ({}), its {} attempt: {}", fault.operation,
                     print(program.operations[fault.operation]), shim::ordinal(fault.attempt),
                     shim::describe(fault.what));
}

// Ranges that callers hold, in order of address.
std::vector<Model::Node> held_ranges(const Domain& domain) {
  std::vector<Model::Node> nodes;
  for (const PageSet::Interval& interval : domain.reserved.intervals())
    nodes.push_back({interval.lo, interval.hi});
  for (const Range& range : domain.live) nodes.push_back({range.lo, range.hi});
  std::sort(nodes.begin(), nodes.end(),
            [](const Model::Node& a, const Model::Node& b) { return a.lo < b.lo; });
  return nodes;
}

// A map of the domain's pages by node; adjacent nodes of a kind are merged.
std::string describe_space(const iova_variant& variant, const Domain& domain, const Model* model) {
  constexpr size_t max_lines = 24;
  struct Part {
    uint64_t lo, hi;
    const char* what;
    size_t ranges;
  };
  std::vector<Part> parts;
  uint64_t next = std::min(domain.start_pfn, domain.first_pfn_above_32bit());
  std::vector<Model::Node> nodes = model ? model->nodes() : held_ranges(domain);
  if (model) std::reverse(nodes.begin(), nodes.end());
  for (const Model::Node& node : nodes) {
    if (node.lo == IOVA_ANCHOR_PFN) break;
    auto live = domain.live.find(node.lo);
    const char* what = domain.reserved.intersects(node.lo, node.hi) ? "reserved"
                       : live == domain.live.end()                  ? "cached"
                       : live->kind == RangeKind::queued            ? "queued"
                       : live->kind == RangeKind::fast              ? "in use, alloc_fast"
                                                                    : "in use, alloc";
    if (node.lo > next) parts.push_back({next, node.lo - 1, model ? "free" : "free or cached", 0});
    if (!parts.empty() && parts.back().what == what && parts.back().hi + 1 == node.lo) {
      parts.back().hi = node.hi;
      parts.back().ranges++;
    } else {
      parts.push_back({node.lo, node.hi, what, 1});
    }
    next = node.hi + 1;
  }
  std::string text;
  size_t left_out = parts.size() > max_lines ? parts.size() - max_lines : 0;
  if (left_out) text += fmt::format("  {} lower parts left out\n", left_out);
  for (size_t i = left_out; i < parts.size(); i++)
    text += fmt::format("  {:<24} {}{}\n", print_range(parts[i].lo, parts[i].hi), parts[i].what,
                        parts[i].ranges > 1 ? fmt::format(", {} ranges", parts[i].ranges) : "");
  text += fmt::format("  {:<24} free, {:#x} is 4 GiB\n", print_range(next, IOVA_ANCHOR_PFN - 1),
                      domain.first_pfn_above_32bit());
  if (!model) return text;
  text += "  ";
  if (!variant.lacks_hint) text += fmt::format("max32_alloc_size {:#x}, ", model->hint());
  return text + fmt::format("cached_node {:#x}, cached32_node {:#x}\n", model->cached().lo,
                            model->cached32().lo);
}

// Describes the expected state, from the engine's own books, which a broken allocator cannot
// corrupt.
std::string describe_state(const Circumstances& at) {
  std::string text =
      fmt::format("variant {}, {} references on the cache, CPU {} of {}, {} ms\n", at.variant.name,
                  at.books.references(), raw_smp_processor_id(), num_possible_cpus(), shim_now());
  for (size_t i = 0; i < shim::suspended_contexts(); i++)
    text += describe_suspended(shim::suspended(i)) + "\n";
  for (const Domain& domain : at.books.domains()) {
    if (!domain.memory) continue;
    text += fmt::format("domain {}: granule {}, start {:#x}, {}, {} ranges in use, {} pages "
                        "reserved",
                        domain.number, 1u << domain.granule_shift, domain.start_pfn,
                        domain.has_rcaches ? "rcaches" : "no rcaches", domain.live.size(),
                        domain.reserved.pages());
    if (domain.has_queue)
      text += fmt::format(", {} of the ranges queued, {} flushes, newest finished flush: {}",
                          domain.queued.size(), domain.flushes_started, domain.newest_finished);
    text += "\n" +
            describe_space(at.variant, domain, at.models ? &at.models->of(domain).tree : nullptr);
  }
  return text;
}

}  // namespace

std::string describe_operation(const program::Program& whole_program, const Position& position) {
  const size_t index = position.running();
  if (index >= position.program->operations.size())
    return position.of_end ? fmt::format("the end of the program ({})", print(*position.of_end))
                           : "the end of the program";
  std::string text = fmt::format("{} ({})", index, print(whole_program.operations[index]));
  if (position.calls_begun > 1)
    text += fmt::format(", its {} call", shim::ordinal(position.calls_begun - 1));
  if (index == position.current) return text;
  return text + (position.operation() ? fmt::format(", which continues at {}", position.current)
                                      : ", which continues at the end");
}

std::string describe_suspended(const shim::Suspended& is) {
  const Position& position = static_cast<const Strand*>(is.argument)->position;
  std::string text = fmt::format("{} (operation {}) is suspended on CPU {}, {}",
                                 program::spec(position.of_strand->code).name, position.running(),
                                 is.cpu, *is.before ? is.before : "while a hardware flush lasts");
  if (!is.site) return text;
  std::string_view file = is.site->file;
  file.remove_prefix(file.rfind('/') + 1);
  return text + fmt::format(", in {}() ({}:{})", is.site->function, file, is.site->line);
}

Report describe(const shim::Finding& finding, std::string key, const Circumstances& at) {
  Report report;
  report.key = std::move(key);
  report.headline = shim::headline(*finding.oracle);
  report.function = finding.function;
  if (!finding.where.empty()) report.function += " (" + finding.where + ")";
  report.call = at.position.function();
  // Callers up to the program's call; frames outside that belong to the engine.
  for (shim::CallSite& caller : shim::call_chain()) {
    const bool is_last = caller.function == report.call;
    if (!report.callers.empty() || caller.function != finding.function)
      report.callers.push_back(std::move(caller));
    if (is_last) break;
  }
  report.severity = finding.oracle->severity;
  report.blame = shim::name(finding.blame);
  const std::vector<Operation>& operations = at.whole_program.operations;
  report.operation_index = std::min(at.position.running(), operations.size());
  report.operation = describe_operation(at.whole_program, at.position);
  for (const InjectedFault& fault : at.injected)
    report.faults.push_back(describe(fault, at.whole_program));
  report.gone_past = at.gone_past;
  report.values = finding.values;
  for (size_t i = 0; i < operations.size(); i++)
    report.program += fmt::format("{} {:4}  {}\n", i == report.operation_index ? "->" : "  ", i,
                                  print(operations[i]));
  if (report.operation_index == operations.size())
    report.program +=
        fmt::format("-> (end)  {}\n", at.position.of_end ? print(*at.position.of_end) : "");
  if (finding.address)
    if (const shim::Object* object = shim::object_around(finding.address))
      if (finding.values.find(shim::describe(*object)) == std::string::npos)
        report.history = shim::describe(*object);
  report.state = describe_state(at);
  return report;
}

}  // namespace engine
