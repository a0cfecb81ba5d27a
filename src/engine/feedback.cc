// SPDX-License-Identifier: GPL-2.0-only
// What an engine may be guided by beside code coverage: classes of the state that a program brings
// the allocator to, each with a counter of its own (or one that it shares by chance).
#include <bit>
#include <initializer_list>

#include "engine/session.h"
#include "shim/context.h"
#include "shim/cpu.h"

namespace engine {
namespace {

enum class Group : uint64_t { magazines, depot, answer, tree, nodes, fault, ring, cpus, sequence };

// A magazine's fill: none, empty, one, some, all but one, full.
uint64_t fill_class(std::optional<size_t> pfns, size_t capacity) {
  if (!pfns) return 0;
  if (*pfns <= 1) return 1 + *pfns;
  return *pfns + 1 < capacity ? 3 : *pfns < capacity ? 4 : 5;
}

uint64_t log_class(uint64_t count) { return static_cast<uint64_t>(std::bit_width(count)); }

class Counters {
 public:
  explicit Counters(std::span<uint8_t> counters) : counters_(counters) {}
  void note(Group group, std::initializer_list<uint64_t> classes) {
    Trace hash;
    hash.add(static_cast<uint64_t>(group));
    for (uint64_t c : classes) hash.add(c);
    counters_[hash.hash() % counters_.size()] = 1;
  }

 private:
  std::span<uint8_t> counters_;
};

}  // namespace

void Session::note_state(const Operation& operation) {
  Counters counters(options_.state);
  auto code = static_cast<uint64_t>(operation.code);
  uint64_t ended = skipped_ ? 0 : failed_ ? 1 : 2;
  counters.note(Group::sequence, {previous_, code, ended});
  previous_ = code * 3 + ended;
  if (skipped_) return;
  for (const InjectedFault& fault : injected_)
    if (fault.operation == current_) counters.note(Group::fault, {code, fault.attempt});

  const Domain& domain = domains_[operation.domain];
  if (!domain.memory) return;
  const Model& model = domain.model;
  const Model::Node cached = model.cached_node(), cached32 = model.cached32_node();
  uint64_t border = domain.first_pfn_above_32bit();
  counters.note(Group::tree, {model.hint() == border, log_class(model.hint()), cached == cached32,
                              cached.lo == IOVA_ANCHOR_PFN, cached32.lo == IOVA_ANCHOR_PFN,
                              cached.lo < border});
  counters.note(Group::nodes, {code, log_class(model.nodes().size())});
  counters.note(Group::answer, {code, ended, shim::attempts().size() < 4 ? shim::attempts().size()
                                                                         : 4});
  unsigned cpu = raw_smp_processor_id();
  if (domain.has_queue)
    counters.note(Group::ring, {fill_class(domain.in_ring[cpu], variant_->queue->entries - 1),
                                shim::suspended_contexts(), domain.single_queue});
  if (!domain.has_rcaches) return;
  counters.note(Group::cpus, {code, num_online_cpus(), domain.rcache.magazines() ? 1u : 0u});
  for (unsigned bin = 0; bin < IOVA_BINS; bin++) {
    RcacheModel::Fill fill = domain.rcache.fill(bin, cpu);
    counters.note(Group::magazines, {bin, fill_class(fill.loaded, variant_->magazine_pfns),
                                     fill_class(fill.prev, variant_->magazine_pfns)});
    counters.note(Group::depot, {log_class(fill.depot), fill.work_pending, num_online_cpus()});
  }
}

}  // namespace engine
