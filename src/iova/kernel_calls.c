/* SPDX-License-Identifier: GPL-2.0-only */
/* The port's functions under the kernel's names. Calls go to the revision that the loader of this
 * shared object stores in port_at_hand. */
#include <linux/iova.h>

#include "iova/variant.h"

__attribute__((visibility("default"))) const struct iova_variant* port_at_hand;

int iova_cache_get(void) { return port_at_hand->cache_get(); }
void iova_cache_put(void) { port_at_hand->cache_put(); }
unsigned long iova_rcache_range(void) { return port_at_hand->rcache_range(); }
void init_iova_domain(struct iova_domain* iovad, unsigned long granule, unsigned long start_pfn) {
  port_at_hand->init_domain(iovad, granule, start_pfn);
}
int iova_domain_init_rcaches(struct iova_domain* iovad) {
  return port_at_hand->init_rcaches(iovad);
}
void put_iova_domain(struct iova_domain* iovad) { port_at_hand->put_domain(iovad); }
struct iova* alloc_iova(struct iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                        bool size_aligned) {
  return port_at_hand->alloc(iovad, size, limit_pfn, size_aligned);
}
unsigned long alloc_iova_fast(struct iova_domain* iovad, unsigned long size,
                              unsigned long limit_pfn, bool flush_rcache) {
  return port_at_hand->alloc_fast(iovad, size, limit_pfn, flush_rcache);
}
void free_iova(struct iova_domain* iovad, unsigned long pfn) { port_at_hand->free_pfn(iovad, pfn); }
void __free_iova(struct iova_domain* iovad, struct iova* iova) {
  port_at_hand->free_iova(iovad, iova);
}
void free_iova_fast(struct iova_domain* iovad, unsigned long pfn, unsigned long size) {
  port_at_hand->free_fast(iovad, pfn, size);
}
struct iova* find_iova(struct iova_domain* iovad, unsigned long pfn) {
  return port_at_hand->find(iovad, pfn);
}
struct iova* reserve_iova(struct iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi) {
  return port_at_hand->reserve(iovad, pfn_lo, pfn_hi);
}
