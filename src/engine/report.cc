// SPDX-License-Identifier: GPL-2.0-only
#include "engine/report.h"

#include <cstdio>

#include "engine/session.h"
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

ReportSink report_sink = [](const Report& report) {
  fmt::print(stderr, "{}", format(report));
  fflush(stderr);
};

}  // namespace

std::string print_range(uint64_t lo, uint64_t hi) {
  return lo == hi ? fmt::format("{:#x}", lo) : fmt::format("{:#x}..{:#x}", lo, hi);
}

// The one at hand, with its call if it is counted.
std::string Session::describe_operation() const {
  if (current_ >= program_->operations.size()) return "the end of the program";
  std::string text =
      fmt::format("{} ({})", current_, print(whole_program_->operations[current_]));
  if (calls_begun_ > 1) text += fmt::format(", its {} call", shim::ordinal(calls_begun_ - 1));
  return text;
}

Report Session::make_report(const shim::Finding& finding, std::string key) const {
  Report report;
  report.key = std::move(key);
  report.headline = shim::headline(*finding.oracle);
  report.function = finding.function;
  if (!finding.where.empty()) report.function += " (" + finding.where + ")";
  report.severity = finding.oracle->severity;
  report.blame = shim::name(finding.blame);
  const std::vector<Operation>& operations = whole_program_->operations;
  report.operation_index =
      current_ < program_->operations.size() ? current_ : operations.size();
  report.operation = describe_operation();
  if (met_first_ && met_first_->operation != report.operation)
    report.came_to = fmt::format("{} at {}", met_first_->key, met_first_->operation);
  for (const InjectedFault& fault : injected_)
    report.faults.push_back(describe(fault, *whole_program_));
  report.gone_past = result_.known_met;
  report.values = finding.values;
  for (size_t i = 0; i < operations.size(); i++)
    report.program += fmt::format("{} {:4}  {}\n", i == report.operation_index ? "->" : "  ", i,
                                  print(operations[i]));
  if (finding.address)
    if (const shim::Object* object = shim::object_around(finding.address))
      if (finding.values.find(shim::describe(*object)) == std::string::npos)
        report.history = shim::describe(*object);
  report.state = describe_state();
  return report;
}

// The pages of a domain as a map: what the model's nodes are, neighbours of a kind as one.
std::string describe_space(const Domain& domain) {
  constexpr size_t max_lines = 24;
  struct Part {
    uint64_t lo, hi;
    const char* what;
    size_t ranges;
  };
  std::vector<Part> parts;
  uint64_t next = std::min(domain.start_pfn, domain.first_pfn_above_32bit());
  const std::vector<Model::Node>& nodes = domain.model.nodes();
  for (auto at = nodes.rbegin(); at != nodes.rend() && at->lo != IOVA_ANCHOR_PFN; ++at) {
    const Model::Node& node = *at;
    auto live = domain.live.find(node.lo);
    const char* what = domain.reserved.intersects(node.lo, node.hi) ? "reserved"
                       : live == domain.live.end()                  ? "cached"
                       : live->kind == RangeKind::queued            ? "queued"
                       : live->kind == RangeKind::fast              ? "in use, alloc_fast"
                                                                    : "in use, alloc";
    if (node.lo > next) parts.push_back({next, node.lo - 1, "free", 0});
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
  if (left_out) text += fmt::format("  {} parts below\n", left_out);
  for (size_t i = left_out; i < parts.size(); i++)
    text += fmt::format("  {:<24} {}{}\n", print_range(parts[i].lo, parts[i].hi), parts[i].what,
                        parts[i].ranges > 1 ? fmt::format(", {} ranges", parts[i].ranges) : "");
  return text + fmt::format("  {:<24} free, {:#x} is 4 GiB\n  max32_alloc_size {:#x}, cached_node "
                            "{:#x}, cached32_node {:#x}\n",
                            print_range(next, IOVA_ANCHOR_PFN - 1), domain.first_pfn_above_32bit(),
                            domain.model.hint(), domain.model.cached().lo,
                            domain.model.cached32().lo);
}

// From the engine's own books, which no broken allocator can spoil: as it should be.
std::string Session::describe_state() const {
  std::string text = fmt::format("variant {}, {} references on the cache, CPU {} of {}, {} ms\n",
                                 variant_->name, cache_references_, raw_smp_processor_id(),
                                 num_possible_cpus(), shim_jiffies());
  for (const Domain& domain : domains_) {
    if (!domain.memory) continue;
    text += fmt::format("domain {}: granule {}, start {:#x}, {}, {} ranges in use, {} pages "
                        "reserved",
                        &domain - domains_, 1u << domain.granule_shift, domain.start_pfn,
                        domain.has_rcaches ? "rcaches" : "no rcaches", domain.live.size(),
                        domain.reserved.pages());
    if (domain.has_queue)
      text += fmt::format(", {} of the ranges queued, {} flushes, the newest that is over: {}",
                          domain.queued.size(), domain.flushes_started, domain.newest_finished);
    text += "\n" + describe_space(domain);
  }
  return text;
}

void set_report_sink(ReportSink sink) { report_sink = sink; }
void deliver(const Report& report) { report_sink(report); }

std::string format(const Report& report) {
  std::string text =
      fmt::format("\n==iovafuzz== key: {}\nbroken rule: {}\n", report.key, report.headline);
  if (report.faults.empty()) text += "faults injected: none\n";
  for (const std::string& fault : report.faults) text += "fault injected: " + fault + "\n";
  text += fmt::format("operation: {}\nin: {}\n", report.operation, report.function);
  if (report.blame != "allocator") text += fmt::format("blame: {}\n", report.blame);
  if (!report.came_to.empty()) text += fmt::format("came to: {}\n", report.came_to);
  // For libFuzzer and ClusterFuzz, which take what has the same key for the same, and nothing else.
  text += fmt::format("DEDUP_TOKEN: {}\npanic: FuzzerHash={}\n", report.key, report.key);
  for (const std::string& key : report.gone_past) text += "gone past: " + key + "\n";
  if (!report.values.empty()) text += "found: " + report.values + "\n";
  if (!report.history.empty()) text += "object: " + report.history + "\n";
  text += "program:\n" + report.program;
  if (!report.state.empty()) text += "state:\n" + report.state;
  return text + "==iovafuzz== end of report\n";
}

}  // namespace engine
