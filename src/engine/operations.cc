// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/invariants.h"
#include "engine/session.h"
#include "shim/cpu.h"
#include "shim/object.h"
#include "shim/slab.h"
#include "shim/timekeeping.h"
#include "shim/types.h"

namespace engine {

std::string print_error(int error) {
  const char* name = error < 0 ? strerrorname_np(-error) : nullptr;
  return name ? fmt::format("-{}", name) : fmt::format("{}", error);
}

void Session::check_reported(bool failed, size_t faults_before) {
  bool fault = shim::failed_attempts() > faults_before;
  failed_ |= failed;
  if (fault && !failed) raise(oracle::fault_not_reported, "");
  if (!fault && failed) raise(oracle::failure_without_cause, "");
}

void Session::cache_get() {
  size_t faults = shim::failed_attempts();
  int error = variant_->cache_get();
  trace_.add(static_cast<uint64_t>(error));
  if (options_.on_step) outcome("{}", print_error(error));
  check_reported(error != 0, faults);
  if (!error) cache_references_++;
  constexpr unsigned long largest_cached = PAGE_SIZE << (IOVA_BINS - 1);
  if (variant_->rcache_range && variant_->rcache_range() != largest_cached)
    raise(oracle::rcache_range_wrong,
          fmt::format("it tells {} bytes, not {}", variant_->rcache_range(), largest_cached));
}

void Session::cache_put() {
  if (!cache_references_) return skip("no reference is held");
  bool in_use = std::any_of(std::begin(domains_), std::end(domains_),
                            [](const Domain& domain) { return domain.memory != nullptr; });
  if (cache_references_ == 1 && in_use) return skip("the last reference, and a domain needs it");
  variant_->cache_put();
  cache_references_--;
  outcome("{} references left", cache_references_);
}

void Session::init(Domain& domain, const Operation& operation) {
  if (domain.memory) return skip("the domain is initialized");
  domain.granule_shift = value(operation, Role::granule).number;
  uint64_t start = resolve(domain, value(operation, Role::start));
  if (start > ~uint64_t{0} >> domain.granule_shift || start == ~uint64_t{0})
    return skip("the start is beyond the space");
  domain.start_pfn = start;
  domain.memory = shim::new_object(shim::ObjectKind::kmalloc, nullptr, variant_->domain_size, 16,
                                   true, SHIM_SITE)
                      .memory;
  domain.has_rcaches = domain.has_allocated = false;
  domain.model.init(*variant_, start, domain.first_pfn_above_32bit());
  domain.rcache.clear();
  variant_->init_domain(domain.memory, 1ul << domain.granule_shift, start);
  // Allocators that do this here have no way to tell of a failure.
  if (!variant_->init_rcaches) start_rcaches(domain);
  outcome("start pfn {:#x}, 4 GiB at pfn {:#x}", start, domain.first_pfn_above_32bit());
}

void Session::init_rcaches(Domain& domain) {
  if (!domain.memory) return skip("the domain is not initialized");
  if (!variant_->init_rcaches) return skip("init has done it");
  if (domain.has_rcaches) return skip("the domain has rcaches");
  if (!cache_references_) return skip("the cache is not held");
  size_t faults = shim::failed_attempts();
  int error = variant_->init_rcaches(domain.memory);
  trace_.add(static_cast<uint64_t>(error));
  if (options_.on_step) outcome("{}", print_error(error));
  check_reported(error != 0, faults);
  if (!error) start_rcaches(domain);
}

// By the operation at hand.
void Session::start_rcaches(Domain& domain) {
  AttemptCursor attempts(shim::attempts(), 0);
  domain.rcache.init(*variant_, domain.model, clock_, attempts);
  domain.has_rcaches = true;
}

void Session::put(Domain& domain) {
  if (!domain.memory) return skip("the domain is not initialized");
  if (domain.unmaps_under_way) return skip("a range is being unmapped");
  outcome("{} ranges were in use", domain.live.size());
  if (credit_) check_state();  // while there is something to look at
  destroy(domain);
}

void Session::destroy(Domain& domain) {
  destroyed_ = &domain;
  variant_->put_domain(domain.memory);
  destroyed_ = nullptr;
  static const shim_site in_driver{"put_iova_domain", __FILE__, __LINE__};
  (kfree)(domain.memory, &in_driver);
  domain.memory = nullptr;
  domain.has_rcaches = domain.has_allocated = false;
  domain.forget_ranges();
}

const char* Session::cannot_allocate(const Domain& domain, const Operation& operation,
                                     uint64_t* limit) {
  if (!domain.memory) return "the domain is not initialized";
  if (!cache_references_) return "the cache is not held";
  *limit = resolve(domain, value(operation, Role::limit));
  if (*limit == ~uint64_t{0} && !edge_) return "no caller asks for limit ~0";
  return nullptr;
}

void Session::alloc(Domain& domain, const Operation& operation) {
  uint64_t limit = 0;
  if (const char* why = cannot_allocate(domain, operation, &limit)) return skip(why);
  uint64_t size = value(operation, Role::size).number;
  bool aligned = !value(operation, Role::unaligned).number;
  unsigned slot = static_cast<unsigned>(value(operation, Role::slot).number);
  const Request request{size, understood(limit), aligned};
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  domain.has_allocated = true;
  for (uint64_t i = 0; i < count; i++) {
    size_t faults = begin_call();
    void* iova = variant_->alloc(domain.memory, size, limit, aligned);
    bool fault = shim::failed_attempts() > faults;
    auto expected = fault ? std::nullopt : domain.model.allocate(request);
    if (!iova) {
      failed_ = true;
      trace_.add(0);
      if (!fault) check_refusal(domain, request);
      check_placement(domain, request, expected, std::nullopt);
      continue;
    }
    if (fault) raise(oracle::fault_not_reported, "");
    uint64_t lo = variant_->pfn_lo(iova), hi = variant_->pfn_hi(iova);
    trace_.add(lo);
    if (hi - lo + 1 != size)
      raise(oracle::iova_wrong_size,
            fmt::format("{} for {} pages", print_range(lo, hi), size));
    check_handed_out(domain, lo, hi, limit, aligned ? std::bit_ceil(size) : 1);
    if (!fault) check_placement(domain, request, expected, lo);
    new_range(domain, slot, lo, hi, size, iova, RangeKind::tree);
    if (!done++) first = lo;
    last = lo;
  }
  tell_allocated(count, done, {first, last}, size, "NULL");
}

void Session::alloc_fast(Domain& domain, const Operation& operation) {
  uint64_t limit = 0;
  if (const char* why = cannot_allocate(domain, operation, &limit)) return skip(why);
  if (!domain.has_rcaches) return skip("the domain has no rcaches");
  if (!domain.start_pfn && !edge_) return skip("pfn 0 could not be told from failure");
  uint64_t size = value(operation, Role::size).number;
  bool flush = !value(operation, Role::no_flush).number;
  unsigned slot = static_cast<unsigned>(value(operation, Role::slot).number);
  uint64_t rounded = size < 32 ? std::bit_ceil(size) : size;
  const Request request{rounded, understood(limit), true,
                        variant_->fast_spares_pfn_0 ? uint64_t{1} : 0};
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  domain.has_allocated = true;
  for (uint64_t i = 0; i < count; i++) {
    size_t faults = begin_call();
    uint64_t lo = variant_->alloc_fast(domain.memory, size, limit, flush);
    faults = shim::failed_attempts() - faults;
    size_t nodes = shim::attempts().size() - call_start_;  // one a try; none for a cached range
    trace_.add(lo);
    AttemptCursor attempts(shim::attempts(), call_start_);
    FastAnswer expected =
        domain.rcache.allocate(request, flush, raw_smp_processor_id(), attempts);
    bool got_pfn_0 = !lo && expected.pfn == uint64_t{0} && expected.tries == nodes;
    check_flush(domain, flush, !lo && !got_pfn_0, nodes);
    // What the tree answered is alloc_iova()'s doing.
    std::optional<Acting> tree;
    if (nodes && !got_pfn_0) tree.emplace(*this, OpCode::alloc);
    if (got_pfn_0) {
      raise(oracle::pfn_0_lost, fmt::format("{} pages", size));
      // Nobody knows of it, but it is in the tree.
      new_range(domain, slot, 0, rounded - 1, size, variant_->find(domain.memory, 0),
                RangeKind::tree);
      continue;
    }
    if (!lo) {
      failed_ = true;
      if (!faults) check_refusal(domain, request);
      check_fast(domain, request, expected, std::nullopt, nodes);
      continue;
    }
    uint64_t hi = lo + rounded - 1;
    check_handed_out(domain, lo, hi, limit, std::bit_ceil(size));
    check_fast(domain, request, expected, lo, nodes);
    new_range(domain, slot, lo, hi, size, nullptr, RangeKind::fast);
    if (!done++) first = lo;
    last = lo;
  }
  tell_allocated(count, done, {first, last}, rounded, "0, no range");
}

// The outcome of count requests, of which done were granted: from pfns.first to pfns.second.
void Session::tell_allocated(uint64_t count, uint64_t done, std::pair<uint64_t, uint64_t> pfns,
                             uint64_t size, const char* refusal) {
  if (!options_.on_step) return;
  if (count == 1 && done)
    outcome("{}", print_range(pfns.second, pfns.second + size - 1));
  else if (count == 1)
    outcome("{}", refusal);
  else
    outcome("{} of {}, from pfn {:#x} to {:#x}", done, count, pfns.first, pfns.second);
}

// Of a fast request that came to found after asking the tree tries times.
void Session::check_fast(Domain& domain, const Request& request, const FastAnswer& expected,
                         std::optional<uint64_t> found, size_t tries) {
  if (tries == expected.tries && tries)
    return check_placement(domain, request, expected.pfn, found);
  if (tries == expected.tries && found == expected.pfn) return;
  auto describe = [](std::optional<uint64_t> pfn, size_t tries) {
    std::string what = pfn ? fmt::format("{:#x}", *pfn) : "a refusal";
    return what + (tries ? fmt::format(" from the tree, asked {} times", tries)
                         : " from the magazines");
  };
  std::string values =
      fmt::format("{} pages, limit {:#x}: {}; expected {}", request.size, request.limit,
                  describe(found, tries), describe(expected.pfn, expected.tries));
  // A tree that did not grant what it had room for; check_refusal() has judged one in the end.
  bool refused_first = expected.tries && tries > expected.tries && expected.pfn;
  if (!refused_first) {
    Acting magazines(*this, OpCode::alloc_fast);
    raise(oracle::rcache_wrong, std::move(values));
  } else if (found) {
    raise(oracle::spurious_failure, std::move(values));
  }
  adopt(domain);
}

// A model that was wrong goes on from what the allocator did.
void Session::check_placement(Domain& domain, const Request& request,
                              std::optional<uint64_t> expected, std::optional<uint64_t> found) {
  if (expected == found) return;
  // A refusal that the model does not share is judged by check_refusal().
  if (found)
    raise(oracle::placement_wrong,
          fmt::format("{:#x} for {} pages, limit {:#x}{}; expected {}", *found, request.size,
                      request.limit, request.aligned ? "" : ", unaligned",
                      expected ? fmt::format("{:#x}", *expected) : "a refusal"));
  adopt(domain);
}

// Of a fast request that came to the tree tries times.
void Session::check_flush(const Domain& domain, bool asked, bool refused, size_t tries) {
  if (asked && refused && tries < 2) raise(oracle::flush_missing, "");
  if (tries < 2) return;
  struct Left {
    bool depots;
    size_t pfns;
  } left{variant_->flushes_depots, 0};
  variant_->each_magazine(
      domain.memory,
      [](void* context, const iova_magazine_view* magazine) {
        Left& l = *static_cast<Left*>(context);
        bool flushed = magazine->cpu < 0 ? l.depots
                                         : cpu_online(static_cast<unsigned>(magazine->cpu));
        if (flushed) l.pfns += magazine->size;
      },
      &left);
  if (left.pfns) raise(oracle::flush_incomplete, fmt::format("{} ranges", left.pfns));
}

// The call that freed the range made all attempts of the operation from the first on.
void Session::model_freed(Domain& domain, const Range& range, bool fast, unsigned cpu,
                          size_t first_attempt) {
  AttemptCursor attempts(shim::attempts(), first_attempt);
  if (fast)
    domain.rcache.free(range.lo, range.size, cpu, attempts);
  else
    domain.model.remove(range.lo);
  if (attempts.took_all()) return;
  raise(oracle::rcache_wrong,
        fmt::format("{:#x} was freed with {} allocation attempts, should be {}", range.lo,
                    shim::attempts().size() - first_attempt, attempts.next() - first_attempt));
  adopt(domain);
}

// The oldest that is due in all domains. Returns false if there is none.
bool Session::run_model_work() {
  RcacheModel* next = nullptr;
  for (Domain& domain : domains_) {
    const RcacheModel::Work* work = domain.memory ? domain.rcache.next_work() : nullptr;
    if (work && work->deadline <= shim_jiffies() &&
        (!next || work->is_before(*next->next_work())))
      next = &domain.rcache;
  }
  if (next) next->run_next_work();
  return next;
}

void Session::check_flush_counters(const Domain& domain) {
  if (!domain.has_queue) return;
  iova_queue_fields queue;
  variant_->queue->fields(domain.memory, &queue);
  if (queue.finished > queue.started)
    raise(oracle::queue_counters, fmt::format("{} of {}", queue.finished, queue.started));
}

void Session::check_models() {
  for (Domain& domain : domains_) {
    if (!domain.memory) continue;
    check_flush_counters(domain);
    iova_fields fields;
    variant_->fields(domain.memory, &fields);
    std::string wrong = domain.model.wrong_cached_nodes(fields);
    bool hint_is = domain.model.hint_is(fields);
    if (wrong.empty() && hint_is) continue;
    check_invariants(*variant_, domains_, function(), trace_);  // may tell why
    if (!wrong.empty()) raise(oracle::cached_node_wrong, std::move(wrong));
    if (!hint_is)
      raise(oracle::hint_wrong, fmt::format("{:#x}, should be {:#x}", fields.max32_alloc_size,
                                            domain.model.hint()));
    adopt(domain);
  }
}

// Whether there are as many objects as the models make it; check_invariants() looks at each of
// them now and then. No node and no magazine is lost or left over at any point.
void Session::check_object_count() {
  auto expected = [&] {
    size_t count = 0;
    for (const Domain& domain : domains_) {
      if (!domain.memory) continue;
      // The domain itself, its nodes but the anchor, its magazines, its array of rcaches.
      count += domain.model.nodes().size() + domain.rcache.magazines() +
               (domain.has_rcaches && !variant_->embeds_rcaches);
    }
    return count;
  };
  size_t found = shim::live_slab_objects();
  if (found == expected()) return;
  size_t findings = findings_;
  check_invariants(*variant_, domains_, function(), trace_);  // may tell why
  if (findings_ == findings)
    raise(oracle::object_count,
          fmt::format("{} slab objects, expected {}", found, expected()));
  for (Domain& domain : domains_)
    if (domain.memory) adopt(domain);
}

void Session::check_handed_out(Domain& domain, uint64_t lo, uint64_t hi, uint64_t limit,
                               uint64_t alignment) {
  if (lo < domain.start_pfn)
    raise(oracle::iova_below_start,
          fmt::format("{}, start {:#x}", print_range(lo, hi), domain.start_pfn));
  if (hi > limit || hi < lo) {
    // No try made: the range was cached.
    bool cached = shim::attempts().size() == call_start_;
    bool impossible = hi - lo > limit;
    shim::raise(shim::Finding{impossible ? &oracle::impossible_granted : &oracle::iova_above_limit,
                              cached ? "iova_rcache_get" : function(), "",
                              fmt::format("{}, limit {:#x}", print_range(lo, hi), limit), nullptr});
  }
  if (lo & (alignment - 1))
    raise(oracle::iova_unaligned,
          fmt::format("{}, alignment {:#x}", print_range(lo, hi), alignment));
  if (const Range* other = domain.live_overlap(lo, hi))
    raise(oracle::iova_overlap, fmt::format("{} and {}", print_range(lo, hi),
                                            print_range(other->lo, other->hi)));
  if (domain.reserved.intersects(lo, hi))
    raise(oracle::iova_overlap,
          fmt::format("{} and a reservation", print_range(lo, hi)));
}

void Session::check_refusal(Domain& domain, const Request& request) {
  // Never granted: the hint starts at the size of the whole 32-bit space and refuses from there on.
  uint64_t first_above = domain.first_pfn_above_32bit();
  if (request.limit < first_above && request.size >= first_above) return;
  if (!fits(*variant_, domain, request.size, request.limit, request.aligned, request.lowest))
    return;
  std::string values = fmt::format("{} pages, limit {:#x}{}", request.size, request.limit,
                                   request.aligned ? "" : ", unaligned");
  const shim::Oracle& oracle = domain.model.explain_refusal(request);
  const Request& cause = domain.model.hint_cause();
  if (&oracle != &oracle::spurious_failure)
    values += fmt::format("; refused before: {} pages, limit {:#x}{}", cause.size, cause.limit,
                          cause.aligned ? "" : ", unaligned");
  raise(oracle, std::move(values));
}

Range& Session::new_range(Domain& domain, unsigned slot, uint64_t lo, uint64_t hi, uint64_t size,
                          void* iova, RangeKind kind) {
  Range& range = ranges_[ranges_used_++];
  range.lo = lo;
  range.hi = hi;
  range.size = size;
  range.iova = iova;
  range.kind = kind;
  if (kind != RangeKind::reserved) domain.live.insert(range);
  domain.slots[slot].push_back(range);
  return range;
}

Range* Session::pick(Slot& slot, bool oldest, bool (*wanted)(const Range&)) {
  auto found = oldest ? std::find_if(slot.begin(), slot.end(), wanted) : slot.end();
  if (!oldest) {
    auto newest = std::find_if(slot.rbegin(), slot.rend(), wanted);
    if (newest != slot.rend()) found = std::prev(newest.base());
  }
  return found == slot.end() ? nullptr : &*found;
}

uint64_t Session::position(const Range& range, const Operation& operation) {
  switch (value(operation, Role::at).number) {
    case 0: return range.lo;
    case 1: return range.lo + (range.hi - range.lo) / 2;
    default: return range.hi;
  }
}

void Session::free_ranges(Domain& domain, const Operation& operation) {
  bool (*wanted)(const Range&) =
      operation.code == OpCode::free_fast
          ? [](const Range& range) { return range.kind == RangeKind::fast; }
      : operation.code == OpCode::free_iova
          ? [](const Range& range) { return range.kind != RangeKind::fast; }
          : [](const Range& range) { return range.kind != RangeKind::reserved; };
  Slot& slot = domain.slots[value(operation, Role::slot).number];
  bool oldest = value(operation, Role::oldest).number;
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  for (; done < count; done++) {
    Range* range = pick(slot, oldest, wanted);
    if (!range) break;
    begin_call();
    if (!done) first = range->lo;
    last = range->lo;
    if (range->kind == RangeKind::reserved) {
      // The node may have been widened by later reservations; what it covers now is freed.
      range->lo = variant_->pfn_lo(range->iova);
      range->hi = variant_->pfn_hi(range->iova);
      domain.reserved.remove(range->lo, range->hi);
    } else {
      domain.live.erase(domain.live.iterator_to(*range));
    }
    slot.erase(slot.iterator_to(*range));
    if (operation.code == OpCode::free_fast)
      variant_->free_fast(domain.memory, range->lo, range->size);
    else if (operation.code == OpCode::free_iova)
      variant_->free_iova(domain.memory, range->iova);
    else
      variant_->free_pfn(domain.memory, position(*range, operation));
    model_freed(domain, *range, operation.code == OpCode::free_fast, raw_smp_processor_id(),
                call_start_);
    trace_.add(range->lo);
  }
  if (!done) return skip("the slot has no such range");
  if (count == 1)
    outcome("pfn {:#x}", first);
  else
    outcome("{} of {}, from pfn {:#x} to {:#x}", done, count, first, last);
}

void Session::find(Domain& domain, const Operation& operation) {
  Slot& slot = domain.slots[value(operation, Role::slot).number];
  Range* range = pick(slot, value(operation, Role::oldest).number,
                      [](const Range& range) { return range.kind != RangeKind::reserved; });
  if (!range) return skip("the slot has no range");
  uint64_t pfn = position(*range, operation);
  void* found = variant_->find(domain.memory, pfn);
  bool right =
      found && variant_->pfn_lo(found) == range->lo && variant_->pfn_hi(found) == range->hi;
  if (!right)
    raise(oracle::find_wrong,
          fmt::format("pfn {:#x} is in {}", pfn, print_range(range->lo, range->hi)));
  trace_.add(range->lo);
  if (options_.on_step) outcome("pfn {:#x} in {}", pfn, print_range(range->lo, range->hi));
}

void Session::find_pfn(Domain& domain, const Operation& operation) {
  if (!domain.memory) return skip("the domain is not initialized");
  uint64_t pfn = resolve(domain, value(operation, Role::pfn));
  if (pfn == ~uint64_t{0}) return skip("pfn ~0 is the anchor's");
  void* found = variant_->find(domain.memory, pfn);
  struct Lookup {
    uint64_t pfn;
    bool in_node;
  } lookup{pfn, false};
  variant_->each_node(
      domain.memory,
      [](void* context, unsigned long lo, unsigned long hi) {
        Lookup& l = *static_cast<Lookup*>(context);
        l.in_node |= lo <= l.pfn && l.pfn <= hi;
        return lo <= l.pfn;
      },
      &lookup);
  bool right = lookup.in_node == (found != nullptr) &&
               (!found || (variant_->pfn_lo(found) <= pfn && pfn <= variant_->pfn_hi(found)));
  if (!right)
    raise(oracle::find_wrong, fmt::format("pfn {:#x} is in {} node", pfn,
                                          lookup.in_node ? "a" : "no"));
  trace_.add(found ? variant_->pfn_lo(found) : 0);
  if (!found)
    outcome("NULL");
  else if (options_.on_step)
    outcome("{}", print_range(variant_->pfn_lo(found), variant_->pfn_hi(found)));
}

void Session::reserve(Domain& domain, const Operation& operation) {
  if (!domain.memory) return skip("the domain is not initialized");
  if (!cache_references_) return skip("the cache is not held");
  if (domain.has_allocated && !edge_) return skip("the domain has handed out ranges");
  uint64_t lo = resolve(domain, value(operation, Role::lo));
  uint64_t hi = lo + value(operation, Role::size).number - 1;
  if (hi < lo || hi > ~uint64_t{0} >> domain.granule_shift || hi == ~uint64_t{0})
    return skip("the range leaves the space");
  for (const Model::Node& node : domain.model.nodes())
    if (node.lo <= hi && node.hi >= lo && !domain.reserved.contains(node.lo, node.hi))
      return skip("the range is in use");
  size_t faults = shim::failed_attempts();
  void* iova = variant_->reserve(domain.memory, lo, hi);
  trace_.add(iova ? variant_->pfn_lo(iova) : 0);
  domain.model.adopt_nodes(*variant_, domain.memory);  // reserved pages are judged as such
  check_reported(!iova, faults);
  if (!iova) {
    check_failed_reservation(domain, lo, hi);
    return outcome("NULL");
  }
  domain.reserved.add(lo, hi);
  if (options_.on_step)
    outcome("{} in node {}", print_range(lo, hi),
            print_range(variant_->pfn_lo(iova), variant_->pfn_hi(iova)));
  // An existing node may be returned again; it has one owner.
  for (Slot& slot : domain.slots)
    for (Range& range : slot)
      if (range.iova == iova) return;
  new_range(domain, static_cast<unsigned>(value(operation, Role::slot).number), lo, hi,
            hi - lo + 1, iova, RangeKind::reserved);
}

// Of a range that is free but for other reservations. The reservation may have left its lower part
// there: it widens the ranges that it overlaps first. It frees no node, so the number of objects
// must be as before in any case.
void Session::check_failed_reservation(Domain& domain, uint64_t lo, uint64_t hi) {
  PageSet in_tree;
  for (const Model::Node& node : domain.model.nodes()) {
    bool reserves = domain.reserved.intersects(node.lo, node.hi) ||
                    (node.lo <= hi && node.hi >= lo);
    if (reserves) in_tree.add(node.lo, node.hi);
  }
  if (in_tree.covers_the_same(domain.reserved)) return;
  PageSet partial = domain.reserved;
  if (in_tree.contains(lo, lo)) partial.add(lo, std::min(hi, in_tree.run_end(lo)));
  raise(in_tree.covers_the_same(partial) ? oracle::reserve_partial : oracle::failure_left_traces,
        fmt::format("{} pages were reserved before, {} are now", domain.reserved.pages(),
                    in_tree.pages()));
  domain.reserved = in_tree;
}

void Session::free_pfn(Domain& domain, const Operation& operation) {
  if (!domain.memory) return skip("the domain is not initialized");
  uint64_t pfn = resolve(domain, value(operation, Role::pfn));
  for (const Model::Node& node : domain.model.nodes())
    if (node.lo <= pfn && pfn <= node.hi) return skip("the pfn is in a range");
  variant_->free_pfn(domain.memory, pfn);
  outcome("nothing to free");
}

uint64_t Session::resolve(const Domain& domain, const program::Value& pfn) const {
  auto reach = [&](unsigned bits) {
    unsigned shift = bits - static_cast<unsigned>(domain.granule_shift);
    return shift >= 64 ? 0 : uint64_t{1} << shift;
  };
  switch (static_cast<program::Base>(pfn.base)) {
    case program::Base::absolute: return pfn.number;
    case program::Base::start: return domain.start_pfn + pfn.number;
    case program::Base::dma24: return reach(24) + pfn.number;
    case program::Base::dma30: return reach(30) + pfn.number;
    case program::Base::dma31: return reach(31) + pfn.number;
    case program::Base::dma32: return reach(32) + pfn.number;
    case program::Base::dma48: return reach(48) + pfn.number;
    case program::Base::dma64: return reach(64) + pfn.number;
  }
  return pfn.number;
}

}  // namespace engine
