// SPDX-License-Identifier: GPL-2.0-only
/* Appended to the tree's unmodified iova.c, since struct iova_rcache is private to that file. */
#include "iovafuzz_depot.h"

struct delayed_work* iovafuzz_depot_work(struct iova_domain* iovad, unsigned int size) {
  return iovad->rcaches && size < IOVA_RANGE_CACHE_MAX_SIZE ? &iovad->rcaches[size].work : NULL;
}
