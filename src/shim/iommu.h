/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of an IOMMU driver that a flush queue uses (linux/iommu.h, v6.12; iommu_pages_list,
 * v6.16): the flush of the hardware's translations, and page-table pages that must not be freed
 * before a flush. Broken rules are findings (oracles.inc, page-*).
 */
#ifndef IOVAFUZZ_SHIM_IOMMU_H
#define IOVAFUZZ_SHIM_IOMMU_H

#include "list.h"
#include "site.h"

struct iommu_dma_cookie;
struct iommu_domain;

struct iommu_domain_ops {
  void (*flush_iotlb_all)(struct iommu_domain* domain);
};

struct iommu_domain {
  const struct iommu_domain_ops* ops;
  struct iommu_dma_cookie* iova_cookie;
};

/* A list type for page-table pages only (v6.16). */
struct iommu_pages_list {
  struct list_head pages;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Its flush_iotlb_all() is shim_flush_hardware(). */
extern const struct iommu_domain_ops shim_iommu_ops;
/* Flushes the hardware's translations of the domain at this address: calls the handler. */
void shim_flush_hardware(const void* domain);
/* A flush queue is about to free this range of the domain at this address: calls the handler. */
void shim_free_queued(const void* domain, unsigned long pfn);

/* Adds a fresh page to the end of a list. Never fails, since a driver has its pages already. */
void shim_add_page(struct list_head* list, const struct shim_site* site);
/* Free all pages of a list. put_pages_list() empties the list; iommu_put_pages_list() leaves its
 * head unchanged, so it must be initialized before its next use. */
void put_pages_list(struct list_head* list, const struct shim_site* site);
void iommu_put_pages_list(struct iommu_pages_list* list, const struct shim_site* site);

#ifdef __cplusplus
}

namespace shim {

// Event handlers. flush_hardware() runs for as long as the flush takes. pages_put() is called
// before the pages of a list are freed, even if the list is empty.
struct IommuHandlers {
  void (*flush_hardware)(const void* domain) = [](const void*) {};
  void (*pages_put)(const list_head* list) = [](const list_head*) {};
  void (*free_queued)(const void* domain, unsigned long pfn) = [](const void*, unsigned long) {};
};
void set_iommu_handlers(const IommuHandlers& handlers);

}  // namespace shim
#endif

#define IOMMU_PAGES_LIST_INIT(name) \
  ((struct iommu_pages_list){.pages = LIST_HEAD_INIT((name).pages)})
#define put_pages_list(list) put_pages_list((list), SHIM_SITE)
#define iommu_put_pages_list(list) iommu_put_pages_list((list), SHIM_SITE)

#endif
