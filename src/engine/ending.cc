// SPDX-License-Identifier: GPL-2.0-only
#include "engine/ending.h"

#include <algorithm>
#include <bit>

#include "engine/contract/judges.h"
#include "engine/operations/operations.h"
#include "engine/request.h"
#include "engine/run.h"
#include "shim/context.h"

namespace engine::ending {
namespace {

// The timer releases queued ranges within its timeout.
void release_queued(Run& run) {
  if (!run.variant().queue) return;
  bool any = std::any_of(run.books.domains().begin(), run.books.domains().end(),
                         [](const Domain& domain) { return !domain.queued.empty(); });
  if (!any) return;
  Operation tick = program::make(OpCode::tick);
  set(tick, Role::ms,
      std::max(run.variant().queue->timeout, run.variant().queue->timeout_of_single));
  AtEnd time(run.position, tick);
  operations::tick(run, tick);
}

// Requests all pages without an owner, in the largest aligned ranges: in any order of placement,
// together they fill the space. Uses the fast path, which flushes the caches if it must. Delayed
// work runs first.
void ask_for_everything(Run& run, Domain& domain) {
  constexpr uint64_t longest_delay = 1000;  // ms
  if (shim::census().pending_events) operations::advance_time(run, longest_delay);
  // Up to the highest pfn ever in a range, and at least 4 GiB, where the 32-bit hint does not
  // apply.
  const uint64_t end = (~uint64_t{0} >> domain.granule_shift) - 1;  // of 64-bit addresses
  uint64_t last = std::max(domain.highest_pfn, domain.first_pfn_above_32bit());
  last = last < end / 2 ? 2 * std::bit_floor(last) - 1 : end;
  const bool is_fast = domain.has_rcaches && domain.start_pfn;
  const auto is_kept =
      is_fast ? [](const Range&) { return false; } : [](const Range&) { return true; };
  size_t asked = 0;
  for (uint64_t size = std::bit_floor(last); size; size /= 2) {
    const Request request{size, last, true, is_fast};
    while (asked < most_asked_for_at_end && contract::fits_beside_owned(domain, request, is_kept)) {
      asked++;
      Acting allocating(run.position, is_fast ? OpCode::alloc_fast : OpCode::alloc);
      Call ask(is_fast ? Function::alloc_fast : Function::alloc, &domain, &run.books.fresh_range());
      ask.is_aside = ask.aligned = true;
      ask.flush = is_fast;
      ask.size = size;
      ask.limit = last;
      run.make(ask);
      if (!ask.granted) break;
    }
  }
}

// Frees all ranges and flushes the caches. Nodes that remain in the tree may be lost.
void give_everything_back(Run& run, Domain& domain) {
  auto number = static_cast<uint8_t>(domain.number);
  for (OpCode code : {OpCode::free_fast, OpCode::free}) {
    Operation free = program::make(code);
    free.domain = number;
    for (unsigned slot = 0; slot < program::max_slots; slot++) {
      set(free, Role::slot, slot);
      do {
        run.forget_skipped();
        AtEnd freeing(run.position, free);
        operations::function_of(code)(run, free);
      } while (!run.was_skipped());
    }
  }
  // Larger than the space below its limit: the request is refused and flushes.
  Operation refused = program::make(OpCode::alloc_fast);
  refused.domain = number;
  set(refused, Role::size, program::max_size);
  set(refused, Role::limit, 0);
  run.be_edge();  // allowed for any start pfn
  AtEnd asking(run.position, refused, true);
  operations::function_of(refused.code)(run, refused);
  run.be_edge(false);
  run.forget_skipped();
}

}  // namespace

void free_everything(Run& run) {
  release_queued(run);
  for (Domain& domain : run.books.domains())
    if (domain.memory) give_everything_back(run, domain);
}

void ask_for_everything(Run& run) {
  if (run.variant().strict || !run.books.references() || run.promise_is_broken()) return;
  for (Domain& domain : run.books.domains())
    if (domain.memory && !run.all_is_free(domain)) ask_for_everything(run, domain);
}

void ask_for_what_nobody_owns(Run& run, Domain& domain) {
  const contract::Structure::Unowned* node = run.unowned(domain);
  if (run.variant().strict || !node || !run.books.references() || run.strands_overlap()) return;
  shim::Unscheduled probes;
  const uint64_t lo = std::max({domain.start_pfn, node->free_from, uint64_t{1}}), hi = node->hi;
  if (lo > hi) return;
  // Allocating and freeing one page resets hints of earlier refusals.
  Call page(Function::alloc, &domain, &run.books.fresh_range());
  page.size = 1;
  page.limit = domain.first_pfn_above_32bit() - 1;
  Operation request = program::make(OpCode::alloc);
  request.domain = static_cast<uint8_t>(domain.number);
  auto operand = [&](Role role) -> program::Value& {
    return request.operands[program::operand_index(request.code, role)];
  };
  operand(Role::unaligned).number = 1;
  operand(Role::size).number = page.size;
  operand(Role::limit) = {0, page.limit};
  AtEnd asking(run.position, request, true);
  run.make(page);
  if (page.granted) {
    Call free(Function::free_iova, &domain, page.range);
    free.iova = page.iova;
    free.pfn = page.lo;
    free.size = page.size;
    run.make(free);
  }
  operand(Role::size).number = hi - lo + 1;
  operand(Role::limit) = {0, hi};
  Call all(Function::alloc, &domain, &run.books.fresh_range());
  all.size = hi - lo + 1;
  all.limit = hi;
  all.is_probe = true;
  run.make(all);
}

std::string put_everything(Run& run) {
  std::string done;
  for (Domain& domain : run.books.domains()) {
    if (!domain.memory) continue;
    if (run.is_watched()) done += fmt::format("put domain {}, ", domain.number);
    Operation put = program::make(OpCode::put);
    put.domain = static_cast<uint8_t>(domain.number);
    AtEnd putting(run.position, put);
    operations::destroy(run, domain);
  }
  if (run.is_watched()) done += fmt::format("drop {} references", run.books.references());
  const Operation cache_put = program::make(OpCode::cache_put);
  while (run.books.references()) {
    AtEnd putting(run.position, cache_put);
    Call call(Function::cache_put);
    run.make(call);
  }
  return done;
}

}  // namespace engine::ending
