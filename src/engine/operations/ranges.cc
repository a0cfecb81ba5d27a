// SPDX-License-Identifier: GPL-2.0-only
// Operations on ranges: requests, frees, lookups and reservations.
#include <algorithm>

#include "engine/operations/operations.h"
#include "engine/printing.h"
#include "shim/context.h"
#include "shim/footprint.h"
#include "shim/object.h"
#include "shim/races.h"

namespace engine::operations {
namespace {

const char* cannot_allocate(const Run& run, const Domain& domain, const Operation& operation,
                            uint64_t* limit) {
  constexpr uint64_t no_limit = ~uint64_t{0};
  if (!domain.memory) return "the domain is not initialized";
  if (!run.books.references()) return "the cache is not held";
  *limit = resolve(domain, value(operation, Role::limit));
  if (*limit == no_limit && !run.is_edge()) return "limit ~0 needs edge";
  return nullptr;
}

// The outcome of `count` requests for `size` pages.
struct Tally {
  uint64_t count, size;
  uint64_t done = 0, first = 0, last = 0;

  void add(uint64_t lo) {
    if (!done++) first = lo;
    last = lo;
  }
  void tell(Run& run, const char* refusal) const {
    if (!run.is_watched()) return;
    if (count == 1 && done)
      run.outcome("{}", print_range(last, last + size - 1));
    else if (count == 1)
      run.outcome("{}", refusal);
    else
      run.outcome("{} of {}, from pfn {:#x} to {:#x}", done, count, first, last);
  }
};

uint64_t position(const Range& range, const Operation& operation) {
  switch (value(operation, Role::at).number) {
    case 0: return range.lo;
    case 1: return range.lo + (range.hi - range.lo) / 2;
    default: return range.hi;
  }
}

bool is_fast(const Range& range) { return range.kind == RangeKind::fast; }
bool is_not_fast(const Range& range) { return range.kind != RangeKind::fast; }
// Whether the allocator has freed the memory of the range's node.
bool is_gone(const void* iova) {
  const shim::Object* object = shim::object_around(iova);
  return object && !object->live;
}
bool is_not_reserved(const Range& range) { return range.kind != RangeKind::reserved; }

// Gives ranges of a slot back through `function`, which takes only `wanted` ones.
void give_back(Run& run, const Operation& operation, Function function,
               bool (*wanted)(const Range&)) {
  Domain& domain = run.domain_of(operation);
  Slot& slot = slot_of(domain, operation);
  bool oldest = value(operation, Role::oldest).number;
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  for (; done < count; done++) {
    Range* range = pick(slot, oldest, wanted);
    if (!range) break;
    run.begin_next_call();
    if (!done) first = range->lo;
    last = range->lo;
    if (range->kind == RangeKind::reserved && is_gone(range->iova)) {
      // Giving it back would use freed memory.
      slot.erase(slot.iterator_to(*range));
      run.history.add({.kind = Kind::owner_robbed, .domain = &domain, .range = range});
      continue;
    }
    if (range->kind == RangeKind::reserved && may_be_range(range->iova)) {
      // Later reservations may have widened the node; the free covers all of it.
      range->lo = run.variant().pfn_lo(range->iova);
      range->hi = run.variant().pfn_hi(range->iova);
      range->size = range->hi - range->lo + 1;
    }
    slot.erase(slot.iterator_to(*range));
    Call call(function, &domain, range);
    call.size = range->size;
    call.pfn = function == Function::free_pfn ? position(*range, operation) : range->lo;
    call.iova = range->iova;
    run.make(call);
  }
  if (!done) return run.skip("the slot has no such range");
  if (count == 1)
    run.outcome("pfn {:#x}", first);
  else
    run.outcome("{} of {}, from pfn {:#x} to {:#x}", done, count, first, last);
}

}  // namespace

void alloc(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  uint64_t limit = 0;
  if (const char* why = cannot_allocate(run, domain, operation, &limit)) return run.skip(why);
  bool aligned = !value(operation, Role::unaligned).number;
  Slot& slot = slot_of(domain, operation);
  Tally tally{calls(operation), value(operation, Role::size).number};
  for (uint64_t i = 0; i < tally.count; i++) {
    run.begin_next_call();
    Call call(Function::alloc, &domain, &run.books.fresh_range());
    call.size = tally.size;
    call.limit = limit;
    call.aligned = aligned;
    run.make(call);
    if (!call.granted) continue;
    shim::note_change(&slot);
    slot.push_back(*call.range);
    tally.add(call.lo);
  }
  tally.tell(run, "NULL");
}

void alloc_fast(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  uint64_t limit = 0;
  if (const char* why = cannot_allocate(run, domain, operation, &limit)) return run.skip(why);
  if (!domain.has_rcaches) return run.skip("the domain has no rcaches");
  if (!domain.start_pfn && !run.is_edge())
    return run.skip("start pfn 0 needs edge, since pfn 0 means failure");
  if (!domain.start_pfn && domain.under_way.calls)
    return run.skip_hindered("the owner of pfn 0 would be ambiguous");
  uint64_t size = value(operation, Role::size).number;
  bool flush = !value(operation, Role::no_flush).number;
  Slot& slot = slot_of(domain, operation);
  Tally tally{calls(operation), owned_size(run.variant(), size)};
  for (uint64_t i = 0; i < tally.count; i++) {
    run.begin_next_call();
    Call call(Function::alloc_fast, &domain, &run.books.fresh_range());
    call.size = size;
    call.limit = limit;
    call.aligned = true;
    call.flush = flush;
    run.make(call);
    if (call.lost_pfn_0) {
      Call find(Function::find, &domain);
      find.is_aside = true;
      shim::Unscheduled aside;
      run.make(find);
      call.range->iova = find.iova;
    }
    shim::note_change(&slot);
    if (call.granted || call.lost_pfn_0) slot.push_back(*call.range);
    if (call.granted) tally.add(call.lo);
  }
  tally.tell(run, "0, no range");
}

void free_fast(Run& run, const Operation& operation) {
  give_back(run, operation, Function::free_fast, is_fast);
}

void free_iova(Run& run, const Operation& operation) {
  give_back(run, operation, Function::free_iova, is_not_fast);
}

void free(Run& run, const Operation& operation) {
  give_back(run, operation, Function::free_pfn, is_not_reserved);
}

void free_pfn(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  if (!domain.memory) return run.skip("the domain is not initialized");
  uint64_t pfn = resolve(domain, value(operation, Role::pfn));
  if (pfn == ~uint64_t{0}) return run.skip("pfn ~0 is the anchor's");
  if (domain.live_overlap(pfn, pfn) || domain.reserved.contains(pfn, pfn))
    return run.skip("the pfn is in a range");
  if (domain.withholds(pfn)) return run.skip("the pfn may belong to a rounded-up range");
  if (domain.perhaps_cached.intersects(pfn, pfn)) return run.skip("the pfn may be cached");
  Call call(Function::free_pfn, &domain);
  call.pfn = pfn;
  run.make(call);
  run.outcome("nothing to free");
}

void find(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  Range* range =
      pick(slot_of(domain, operation), value(operation, Role::oldest).number, is_not_reserved);
  if (!range) return run.skip("the slot has no range");
  Call call(Function::find, &domain, range);
  call.pfn = position(*range, operation);
  run.make(call);
  if (run.is_watched()) run.outcome("pfn {:#x} in {}", call.pfn, print_range(range->lo, range->hi));
}

void find_pfn(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  if (!domain.memory) return run.skip("the domain is not initialized");
  uint64_t pfn = resolve(domain, value(operation, Role::pfn));
  if (pfn == ~uint64_t{0}) return run.skip("pfn ~0 is the anchor's");
  Call call(Function::find, &domain);
  call.pfn = pfn;
  run.make(call);
  if (!call.granted)
    run.outcome("NULL");
  else if (run.is_watched())
    run.outcome("{}", print_range(call.lo, call.hi));
}

void reserve(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  if (!domain.memory) return run.skip("the domain is not initialized");
  if (!run.books.references()) return run.skip("the cache is not held");
  if (domain.has_allocated && !run.is_edge())
    return run.skip("the domain has handed out ranges; that needs edge");
  uint64_t lo = resolve(domain, value(operation, Role::lo));
  uint64_t hi = lo + value(operation, Role::size).number - 1;
  if (hi < lo || hi > ~uint64_t{0} >> domain.granule_shift || hi == ~uint64_t{0})
    return run.skip("the range exceeds the address space");
  if (domain.live_overlap(lo, hi)) return run.skip("the range is in use");
  if (domain.withholds(lo)) return run.skip("a part may belong to a rounded-up range");
  if (domain.perhaps_cached.intersects(lo, hi)) return run.skip("a part may be cached");
  Call call(Function::reserve, &domain);
  call.pfn = lo;
  call.last = hi;
  run.make(call);
  if (!call.granted) return run.outcome("NULL");
  if (run.is_watched())
    run.outcome("{} in node {}", print_range(lo, hi), print_range(call.lo, call.hi));
  // reserve_iova() may return an existing node; it keeps its owner.
  for (Slot& slot : domain.slots)
    for (Range& range : slot)
      if (range.iova == call.iova) return shim::note_happens_before(&range);
  Range& range = run.books.fresh_range();
  range.lo = lo;
  range.hi = range.last_withheld = hi;
  range.size = hi - lo + 1;
  range.iova = call.iova;
  range.kind = RangeKind::reserved;
  slot_of(domain, operation).push_back(range);
  shim::note_happens_before(&range);  // orders the later free
}

}  // namespace engine::operations
