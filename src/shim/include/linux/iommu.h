/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of an IOMMU driver that a flush queue uses. */
#ifndef IOVAFUZZ_LINUX_IOMMU_H
#define IOVAFUZZ_LINUX_IOMMU_H

#include <linux/list.h>
#include "shim/iommu.h"

/* Before iommu_pages_list existed, a function of this name took a list_head. */
#undef iommu_put_pages_list
#define iommu_put_pages_list(list)                       \
  _Generic((list), struct list_head *                    \
           : (put_pages_list), struct iommu_pages_list * \
           : (iommu_put_pages_list))((list), SHIM_SITE)

static inline void iommu_pages_list_splice(struct iommu_pages_list *from,
                                           struct iommu_pages_list *to) {
  list_splice(&from->pages, &to->pages);
}

#endif
