// SPDX-License-Identifier: GPL-2.0-only
#include "reproducer/reproducer.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "reproducer/recorder.h"
#include "shim/fault.h"
#include "shim/finding.h"
#include "shim/iommu.h"
#include "shim/locks.h"
#include "shim/object.h"
#include "shim/sanitizer.h"
#include "shim/slab.h"
#include "shim/world.h"

namespace reproducer {
namespace {

const iova_variant* variant;
std::vector<void*> domains;  // in the order of their initialization
uint64_t results;
std::string operation = "none";
uint32_t operations;
shim::FaultMask mask;
bool releases;  // a queue, at the moment: that is a free_fast

void mix(uint64_t& hash, uint64_t value) {
  for (int i = 0; i < 8; i++) hash = (hash ^ (value >> 8 * i & 0xff)) * 1099511628211u;  // FNV-1a
}

template <class Value>
Value noted(Value value) {
  mix(results, static_cast<uint64_t>(value));
  return value;
}

struct iova* noted_node(void* node) {
  mix(results, node ? variant->pfn_lo(node) : 0);
  mix(results, node ? variant->pfn_hi(node) : 0);
  return static_cast<struct iova*>(node);
}

void mix_state(uint64_t& hash, const void* domain) {
  iova_fields fields{};
  if (variant->views) variant->fields(domain, &fields);
  for (uint64_t value : {uint64_t{fields.max32_alloc_size}, uint64_t{fields.cached_lo},
                         uint64_t{fields.cached32_lo}, uint64_t{fields.has_rcaches}})
    mix(hash, value);
  if (variant->views & IOVA_VIEW_NODES)
    variant->each_node(
        domain,
        [](void* context, unsigned long lo, unsigned long hi) {
          mix(*static_cast<uint64_t*>(context), lo);
          mix(*static_cast<uint64_t*>(context), hi);
          return true;
        },
        &hash);
  if (variant->views & IOVA_VIEW_MAGAZINES)
    variant->each_magazine(
        domain,
        [](void* context, const iova_magazine_view* magazine) {
          auto& h = *static_cast<uint64_t*>(context);
          mix(h, magazine->bin | uint64_t{magazine->previous} << 8 | magazine->size << 16);
          mix(h, static_cast<uint64_t>(magazine->cpu));
          for (size_t i = 0; i < std::min(magazine->size, variant->magazine_pfns); i++)
            mix(h, magazine->pfns[i]);
        },
        &hash);
  if (variant->views & IOVA_VIEW_DEPOTS)
    variant->each_depot(
        domain,
        [](void* context, const iova_depot_view* depot) {
          mix(*static_cast<uint64_t*>(context), depot->size << 1 | depot->work_pending);
        },
        &hash);
}

bool print_key(const shim::Finding& finding) {
  const char* site = "none";
  for (const shim::Attempt& attempt : shim::attempts())
    if (attempt.failed) site = attempt.site->function;
  const char* name = releases ? "free_fast" : operation.c_str();
  fmt::print("key: {}:{}:{}:{}\n{}\nin {} ({})\n{}\n", finding.oracle->id, finding.function, name,
             site, shim::headline(*finding.oracle), finding.function, finding.where,
             finding.values);
  fflush(stdout);
  _exit(1);
}

}  // namespace

void use(const iova_variant& real) {
  variant = &real;
  domains.clear();
  results = 14695981039346656037u;
  releases = false;
}

}  // namespace reproducer

using namespace reproducer;

extern "C" {

void reproducer_start(const iova_variant* real, unsigned int cpus) {
  use(*real);
  shim::catch_sanitizer_reports();
  shim::set_finding_handler(print_key);
  shim::set_iommu_handlers({.pages_put = [](const list_head*) { releases = true; }});
  shim::set_event_observer([](bool) { releases = false; });
  shim::reset_world(cpus, real->hz);
  real->reset();
}

void reproducer_operation(const char* name) {
  releases = false;
  if (operations) shim::check_end_of_operation(operation.c_str());
  operation = name;
  shim::set_current_operation(operations++);
  mask.reset();
  shim::plan_no_faults();
}

void reproducer_fail(unsigned int attempt) {
  mask.set(attempt);
  shim::plan_faults(mask);
}

void reproducer_irq(bool in_handler) { in_handler ? shim_irq_enter() : shim_irq_exit(); }

iova_domain* reproducer_domain(void) {
  return reinterpret_cast<iova_domain*>(shim::new_object(shim::ObjectKind::kmalloc, nullptr,
                                                         variant->domain_size, 16, true, SHIM_SITE)
                                            .memory);
}

list_head* reproducer_pages(unsigned int count) {
  static const shim_site in_driver{"queue_iova", __FILE__, __LINE__};
  auto* list = new list_head;
  INIT_LIST_HEAD(list);
  for (; count; count--) shim_add_page(list, &in_driver);
  return list;
}

unsigned long long reproducer_digest(void) {
  uint64_t hash = results;
  for (const void* domain : domains) mix_state(hash, domain);
  mix(hash, shim::live_slab_objects());
  return hash;
}

void reproducer_compare(unsigned long long digest, const char* key) {
  if (reproducer_digest() != digest) return;
  fmt::print("key: {}\n", key);
  fflush(stdout);
  _exit(1);
}

int reproducer_end(bool gave_everything_back) {
  reproducer_operation("end");
  if (gave_everything_back) shim::check_end_of_run();
  fmt::print("nothing found\n");
  return 0;
}

int iova_cache_get(void) { return noted(variant->cache_get()); }
void iova_cache_put(void) { variant->cache_put(); }

void init_iova_domain(iova_domain* iovad, unsigned long granule, unsigned long start_pfn) {
  domains.push_back(iovad);
  variant->init_domain(iovad, granule, start_pfn);
}

int iova_domain_init_rcaches(iova_domain* iovad) { return noted(variant->init_rcaches(iovad)); }

void put_iova_domain(iova_domain* iovad) {
  std::erase(domains, static_cast<void*>(iovad));
  variant->put_domain(iovad);
  static const shim_site in_driver{"put_iova_domain", __FILE__, __LINE__};
  if (!is_recorded()) (kfree)(iovad, &in_driver);
}

struct iova* alloc_iova(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                        bool size_aligned) {
  return noted_node(variant->alloc(iovad, size, limit_pfn, size_aligned));
}

unsigned long alloc_iova_fast(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                              bool flush_rcache) {
  return noted(variant->alloc_fast(iovad, size, limit_pfn, flush_rcache));
}

void free_iova(iova_domain* iovad, unsigned long pfn) { variant->free_pfn(iovad, pfn); }
void __free_iova(iova_domain* iovad, struct iova* iova) { variant->free_iova(iovad, iova); }

void free_iova_fast(iova_domain* iovad, unsigned long pfn, unsigned long size) {
  variant->free_fast(iovad, pfn, size);
}

struct iova* find_iova(iova_domain* iovad, unsigned long pfn) {
  return noted_node(variant->find(iovad, pfn));
}

struct iova* reserve_iova(iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi) {
  return noted_node(variant->reserve(iovad, pfn_lo, pfn_hi));
}

int iommu_dma_init_fq(iova_domain* iovad, bool single) {
  return noted(variant->queue->init(iovad, single));
}

const void* queue_iova(iova_domain* iovad, unsigned long pfn, unsigned long size,
                       list_head* freelist) {
  return variant->queue->queue(iovad, pfn, size, freelist);
}

}  // extern "C"
