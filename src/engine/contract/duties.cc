// SPDX-License-Identifier: GPL-2.0-only
#include "engine/contract/duties.h"

#include <fmt/core.h>

#include "engine/printing.h"

namespace engine::contract {

void Duties::begin() {
  references_ = 0;
  books_.clear();
}

void Duties::breach(const shim::Oracle& oracle, const Call& call, std::string values) const {
  shim::raise(
      {&oracle, print(call.function), "", std::move(values), nullptr, false, shim::Blame::harness});
}

Duties::Book& Duties::book_of(const Call& call) {
  auto found = books_.find(call.domain);
  if (found != books_.end()) return found->second;
  breach(oracle::contract_no_domain, call);
  return books_[call.domain];
}

void Duties::need_cache(const Call& call) const {
  if (!references_) breach(oracle::contract_cache_not_held, call);
}

// Checks the free of a range that the magazines may take.
void Duties::give_back(Book& book, const Call& call) const {
  auto range = book.ranges.find(call.pfn);
  if (range == book.ranges.end() || !range->second.fast)
    return breach(oracle::contract_free_foreign, call, fmt::format("pfn {:#x}", call.pfn));
  if (range->second.pages != call.size)
    breach(oracle::contract_free_size, call,
           fmt::format("pfn {:#x}: {} pages, handed out with {}", call.pfn, call.size,
                       range->second.pages));
  book.ranges.erase(range);
}

// Frees the range around pfn. The allocator must ignore a pfn in no range.
void Duties::free_around(Book& book, uint64_t pfn) const {
  auto after = book.ranges.upper_bound(pfn);
  if (after == book.ranges.begin()) return;
  auto range = std::prev(after);
  if (range->second.last < pfn) return;
  std::erase_if(book.nodes, [&](const auto& node) { return node.second == range->first; });
  book.ranges.erase(range);
}

void Duties::begin_call(Call& call) {
  switch (call.function) {
    case Function::cache_get:
    case Function::rcache_range: return;
    case Function::cache_put:
      if (!references_) breach(oracle::contract_cache_not_held, call);
      references_--;
      return;
    case Function::init_domain:
      if (books_.contains(call.domain)) breach(oracle::contract_init_twice, call);
      books_[call.domain].has_rcaches = !variant().init_rcaches;
      return;
    default: break;
  }
  Book& book = book_of(call);
  switch (call.function) {
    case Function::init_rcaches:
      need_cache(call);
      if (book.has_rcaches) breach(oracle::contract_init_twice, call);
      return;
    case Function::put_domain: books_.erase(call.domain); return;
    case Function::alloc:
    case Function::reserve: return need_cache(call);
    case Function::alloc_fast:
      need_cache(call);
      if (!book.has_rcaches) breach(oracle::contract_no_rcaches, call);
      return;
    case Function::free_pfn: return free_around(book, call.pfn);
    case Function::free_iova:
      if (!book.nodes.erase(call.iova))
        breach(oracle::contract_free_foreign, call);
      else
        book.ranges.erase(variant().pfn_lo(call.iova));
      return;
    case Function::free_fast:
      if (!book.has_rcaches) breach(oracle::contract_no_rcaches, call);
      return give_back(book, call);
    case Function::queue_init:
      if (book.has_queue) breach(oracle::contract_init_twice, call);
      return;
    case Function::queue:
      if (!book.has_queue) breach(oracle::contract_no_queue, call);
      return give_back(book, call);
    default: return;
  }
}

void Duties::end_call(Call& call) {
  if (call.function == Function::cache_get) references_ += !call.error;
  auto found = books_.find(call.domain);
  if (found == books_.end()) return;
  Book& book = found->second;
  switch (call.function) {
    case Function::init_rcaches: book.has_rcaches = !call.error; return;
    case Function::queue_init: book.has_queue = !call.error; return;
    case Function::alloc:
    case Function::alloc_fast:
      if (!call.granted) return;
      if (call.iova) book.nodes[call.iova] = call.lo;
      book.ranges[call.lo] = {call.size, call.lo + call.size - 1,
                              call.function == Function::alloc_fast};
      return;
    case Function::find:
    case Function::reserve:
      if (call.granted) book.nodes[call.iova] = call.lo;
      return;
    default: return;
  }
}

}  // namespace engine::contract
