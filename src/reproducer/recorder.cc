// SPDX-License-Identifier: GPL-2.0-only
#include "reproducer/recorder.h"

#include <fmt/core.h>

#include <algorithm>

#include "reproducer/reproducer.h"
#include "shim/list.h"
#include "shim/object.h"
#include "shim/world.h"

namespace reproducer {
namespace {

const iova_variant* real;
iova_variant recorder;
iova_queue queue_recorder;
std::vector<Call> made;
std::vector<const void*> known_domains;  // all that were initialized, by index
Observer observer;

iova_domain* as_domain(void* domain) { return static_cast<iova_domain*>(domain); }

unsigned number_of(const void* domain) {
  auto last = std::find(known_domains.rbegin(), known_domains.rend(), domain);
  return last == known_domains.rend() ? 0 : static_cast<unsigned>(known_domains.rend() - last - 1);
}

// Noted before it is made, since it may not return. Others may be made before it does: returns its
// place among all.
size_t note(const char* function, const void* domain, uint64_t first = 0, uint64_t second = 0,
            uint64_t third = 0) {
  made.push_back(
      {function, number_of(domain), {first, second, third}, 0, shim::current_operation()});
  if (observer.on_begin && *function) observer.on_begin(made.back());
  return made.size() - 1;
}

void ended(size_t call, const void* domain, const void* node = nullptr) {
  if (observer.on_end) observer.on_end(made[call], *real, domain, node);
}

void note_action(const char* function, unsigned long argument) {
  note("", nullptr);
  made.back().function = fmt::format("{}({})", function, argument);
  if (observer.on_begin) observer.on_begin(made.back());
}

uint64_t length_of(const list_head* list) {
  uint64_t length = 0;
  for (const list_head* at = list->next; at != list; at = at->next) length++;
  return length;
}

uint64_t returned(size_t call, const void* domain, uint64_t result) {
  made[call].result = result;
  ended(call, domain);
  return result;
}

void* returned_node(size_t call, const void* domain, void* node) {
  made[call].result = node ? real->pfn_lo(node) : failed;
  ended(call, domain, node);
  return node;
}

}  // namespace

const std::vector<Call>& calls() { return made; }
bool is_recorded() { return real; }
void observe(const Observer& told) { observer = told; }

const iova_variant& recorded(const iova_variant& allocator) {
  real = &allocator;
  recorder = allocator;
  shim::set_action_observer(note_action);
  recorder.reset = [] {
    made.clear();
    known_domains.clear();
    if (observer.on_reset) observer.on_reset();
    use(*real);
    real->reset();
  };
  recorder.cache_get = [] {
    const size_t call = note("iova_cache_get", nullptr);
    return static_cast<int>(returned(call, nullptr, static_cast<uint64_t>(iova_cache_get())));
  };
  recorder.cache_put = [] {
    const size_t call = note("iova_cache_put", nullptr);
    iova_cache_put();
    ended(call, nullptr);
  };
  recorder.init_domain = [](void* domain, unsigned long granule, unsigned long start_pfn) {
    known_domains.push_back(domain);
    const size_t call = note("init_iova_domain", domain, granule, start_pfn);
    init_iova_domain(as_domain(domain), granule, start_pfn);
    ended(call, domain);
  };
  if (allocator.init_rcaches)
    recorder.init_rcaches = [](void* domain) {
      const size_t call = note("iova_domain_init_rcaches", domain);
      int error = iova_domain_init_rcaches(as_domain(domain));
      return static_cast<int>(returned(call, domain, static_cast<uint64_t>(error)));
    };
  recorder.put_domain = [](void* domain) {
    const size_t call = note("put_iova_domain", domain);
    put_iova_domain(as_domain(domain));
    ended(call, domain);
  };
  recorder.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) {
    const size_t call = note("alloc_iova", domain, size, limit, aligned);
    return returned_node(call, domain, alloc_iova(as_domain(domain), size, limit, aligned));
  };
  recorder.alloc_fast = [](void* domain, unsigned long size, unsigned long limit, bool flush) {
    const size_t call = note("alloc_iova_fast", domain, size, limit, flush);
    return returned(call, domain, alloc_iova_fast(as_domain(domain), size, limit, flush));
  };
  recorder.free_pfn = [](void* domain, unsigned long pfn) {
    const size_t call = note("free_iova", domain, pfn);
    free_iova(as_domain(domain), pfn);
    ended(call, domain);
  };
  recorder.free_iova = [](void* domain, void* iova) {
    const size_t call = note("__free_iova", domain, real->pfn_lo(iova));
    __free_iova(as_domain(domain), static_cast<struct iova*>(iova));
    ended(call, domain);
  };
  recorder.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    const size_t call = note("free_iova_fast", domain, pfn, size);
    free_iova_fast(as_domain(domain), pfn, size);
    ended(call, domain);
  };
  recorder.find = [](void* domain, unsigned long pfn) {
    const size_t call = note("find_iova", domain, pfn);
    return returned_node(call, domain, find_iova(as_domain(domain), pfn));
  };
  recorder.reserve = [](void* domain, unsigned long pfn_lo, unsigned long pfn_hi) {
    const size_t call = note("reserve_iova", domain, pfn_lo, pfn_hi);
    return returned_node(call, domain, reserve_iova(as_domain(domain), pfn_lo, pfn_hi));
  };
  if (allocator.queue) {
    queue_recorder = *allocator.queue;
    queue_recorder.init = [](void* domain, bool single) {
      const size_t call = note("iommu_dma_init_fq", domain, single);
      int error = iommu_dma_init_fq(as_domain(domain), single);
      return static_cast<int>(returned(call, domain, static_cast<uint64_t>(error)));
    };
    queue_recorder.queue = [](void* domain, unsigned long pfn, unsigned long size,
                              list_head* freelist) {
      const size_t call = note("queue_iova", domain, pfn, size, length_of(freelist));
      const void* list = queue_iova(as_domain(domain), pfn, size, freelist);
      ended(call, domain);
      return list;
    };
    recorder.queue = &queue_recorder;
  }
  return recorder;
}

}  // namespace reproducer
