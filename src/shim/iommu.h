/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a flush queue needs of the IOMMU driver under it (linux/iommu.h, v6.12; iommu_pages_list,
 * v6.16): the flush of the hardware's translations, and page-table pages that may only be freed
 * after one. Broken rules are findings (oracles.inc, page-*).
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

/* The list type that page-table pages got of their own. */
struct iommu_pages_list {
  struct list_head pages;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Its flush is shim_flush_hardware(). */
extern const struct iommu_domain_ops shim_iommu_ops;
/* Flushes what the domain at this address may still have in the hardware: asks the handler. */
void shim_flush_hardware(const void* domain);

/* Adds a fresh page to the end of a list. Never fails: a driver has the pages already. */
void shim_add_page(struct list_head* list, const struct shim_site* site);
/* Frees all pages of a list. put_pages_list() leaves it empty, iommu_put_pages_list() as it was, so
 * that it must be initialized before it is used again. */
void put_pages_list(struct list_head* list, const struct shim_site* site);
void iommu_put_pages_list(struct iommu_pages_list* list, const struct shim_site* site);

#ifdef __cplusplus
}

namespace shim {

// Who is told. flush_hardware runs as long as the flush does; pages_put is told of a list before
// its pages are freed, also of an empty one.
struct IommuHandlers {
  void (*flush_hardware)(const void* domain);
  void (*pages_put)(const list_head* list);
};
void set_iommu_handlers(const IommuHandlers& handlers);

}  // namespace shim
#endif

#define IOMMU_PAGES_LIST_INIT(name) \
  ((struct iommu_pages_list){.pages = LIST_HEAD_INIT((name).pages)})
#define put_pages_list(list) put_pages_list((list), SHIM_SITE)
#define iommu_put_pages_list(list) iommu_put_pages_list((list), SHIM_SITE)

#endif
