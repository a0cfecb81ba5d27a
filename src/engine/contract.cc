// SPDX-License-Identifier: GPL-2.0-only
#include "engine/contract.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/oracles.h"

namespace engine {
namespace {

struct HandedOut {
  unsigned long pages;  // as asked for
  unsigned long last;
  bool fast;
};

struct Book {
  bool has_rcaches = false, has_queue = false;
  std::map<unsigned long, HandedOut> ranges;  // by first pfn
  std::set<const void*> nodes;                // of alloc() and reserve()
};

const iova_variant* real;
iova_variant guard;
iova_queue queue_guard;
unsigned references;
std::map<const void*, Book> books;  // of initialized domains

void breach(const shim::Oracle& oracle, const char* function, std::string values = "") {
  shim::raise({&oracle, function, "", std::move(values), nullptr, false, shim::Blame::harness});
}

Book& book_of(const void* domain, const char* function) {
  auto found = books.find(domain);
  if (found == books.end()) {
    breach(oracle::contract_no_domain, function);
    return books[domain];
  }
  return found->second;
}

void need_cache(const char* function) {
  if (!references) breach(oracle::contract_cache_not_held, function);
}

// The range that holds the pfn, or the end.
auto range_around(Book& book, unsigned long pfn) {
  auto after = book.ranges.upper_bound(pfn);
  if (after == book.ranges.begin()) return book.ranges.end();
  auto range = std::prev(after);
  return range->second.last >= pfn ? range : book.ranges.end();
}

void hand_out(Book& book, unsigned long first, unsigned long pages, bool fast) {
  book.ranges[first] = {pages, first + pages - 1, fast};
}

// Of a range that the magazines may take.
void give_back(Book& book, unsigned long pfn, unsigned long size, const char* function) {
  auto range = book.ranges.find(pfn);
  if (range == book.ranges.end() || !range->second.fast)
    return breach(oracle::contract_free_foreign, function, fmt::format("pfn {:#x}", pfn));
  if (range->second.pages != size)
    breach(oracle::contract_free_size, function,
           fmt::format("pfn {:#x}: {} pages, handed out with {}", pfn, size,
                       range->second.pages));
  book.ranges.erase(range);
}

int cache_get() {
  int error = real->cache_get();
  if (!error) references++;
  return error;
}

void cache_put() {
  if (!references) breach(oracle::contract_cache_not_held, "iova_cache_put");
  references--;
  real->cache_put();
}

void init_domain(void* domain, unsigned long granule, unsigned long start_pfn) {
  if (books.contains(domain)) breach(oracle::contract_init_twice, "init_iova_domain");
  books[domain].has_rcaches = !real->init_rcaches;
  real->init_domain(domain, granule, start_pfn);
}

int init_rcaches(void* domain) {
  Book& book = book_of(domain, "iova_domain_init_rcaches");
  need_cache("iova_domain_init_rcaches");
  if (book.has_rcaches) breach(oracle::contract_init_twice, "iova_domain_init_rcaches");
  int error = real->init_rcaches(domain);
  book.has_rcaches = !error;
  return error;
}

void put_domain(void* domain) {
  book_of(domain, "put_iova_domain");
  books.erase(domain);
  real->put_domain(domain);
}

void* alloc(void* domain, unsigned long size, unsigned long limit_pfn, bool size_aligned) {
  Book& book = book_of(domain, "alloc_iova");
  need_cache("alloc_iova");
  void* iova = real->alloc(domain, size, limit_pfn, size_aligned);
  if (!iova) return iova;
  book.nodes.insert(iova);
  hand_out(book, real->pfn_lo(iova), size, false);
  return iova;
}

unsigned long alloc_fast(void* domain, unsigned long size, unsigned long limit_pfn, bool flush) {
  Book& book = book_of(domain, "alloc_iova_fast");
  need_cache("alloc_iova_fast");
  if (!book.has_rcaches) breach(oracle::contract_no_rcaches, "alloc_iova_fast");
  unsigned long pfn = real->alloc_fast(domain, size, limit_pfn, flush);
  if (pfn) hand_out(book, pfn, size, true);
  return pfn;
}

// One in no range is ignored by the allocator, as it must be.
void free_pfn(void* domain, unsigned long pfn) {
  Book& book = book_of(domain, "free_iova");
  auto range = range_around(book, pfn);
  if (range != book.ranges.end()) {
    book.nodes.erase(real->find(domain, pfn));
    book.ranges.erase(range);
  }
  real->free_pfn(domain, pfn);
}

void free_node(void* domain, void* iova) {
  Book& book = book_of(domain, "__free_iova");
  if (!book.nodes.erase(iova))
    breach(oracle::contract_free_foreign, "__free_iova");
  else
    book.ranges.erase(real->pfn_lo(iova));
  real->free_iova(domain, iova);
}

void free_fast(void* domain, unsigned long pfn, unsigned long size) {
  Book& book = book_of(domain, "free_iova_fast");
  if (!book.has_rcaches) breach(oracle::contract_no_rcaches, "free_iova_fast");
  give_back(book, pfn, size, "free_iova_fast");
  real->free_fast(domain, pfn, size);
}

void* find(void* domain, unsigned long pfn) {
  Book& book = book_of(domain, "find_iova");
  void* iova = real->find(domain, pfn);
  if (iova) book.nodes.insert(iova);  // to be freed, if the caller likes
  return iova;
}

void* reserve(void* domain, unsigned long pfn_lo, unsigned long pfn_hi) {
  Book& book = book_of(domain, "reserve_iova");
  need_cache("reserve_iova");
  void* iova = real->reserve(domain, pfn_lo, pfn_hi);
  if (iova) book.nodes.insert(iova);
  return iova;
}

int queue_init(void* domain, bool single) {
  Book& book = book_of(domain, "iommu_dma_init_fq");
  if (book.has_queue) breach(oracle::contract_init_twice, "iommu_dma_init_fq");
  int error = real->queue->init(domain, single);
  book.has_queue = !error;
  return error;
}

const void* queue(void* domain, unsigned long pfn, unsigned long size, list_head* freelist) {
  Book& book = book_of(domain, "queue_iova");
  if (!book.has_queue) breach(oracle::contract_no_queue, "queue_iova");
  give_back(book, pfn, size, "queue_iova");
  return real->queue->queue(domain, pfn, size, freelist);
}

void reset() {
  references = 0;
  books.clear();
  real->reset();
}

}  // namespace

const iova_variant& guarded(const iova_variant& variant) {
  real = &variant;
  guard = variant;
  guard.reset = reset;
  guard.cache_get = cache_get;
  guard.cache_put = cache_put;
  guard.init_domain = init_domain;
  if (variant.init_rcaches) guard.init_rcaches = init_rcaches;
  guard.put_domain = put_domain;
  guard.alloc = alloc;
  guard.alloc_fast = alloc_fast;
  guard.free_pfn = free_pfn;
  guard.free_iova = free_node;
  guard.free_fast = free_fast;
  guard.find = find;
  guard.reserve = reserve;
  if (variant.queue) {
    queue_guard = *variant.queue;
    queue_guard.init = queue_init;
    queue_guard.queue = queue;
    guard.queue = &queue_guard;
  }
  return guard;
}

}  // namespace engine
