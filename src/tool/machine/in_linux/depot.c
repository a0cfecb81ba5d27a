// SPDX-License-Identifier: GPL-2.0-only
/* Included behind the last line of a tree's iova.c, whose own code stays as it is: rcaches are of
 * that file alone. */
#include "iovafuzz_depot.h"

struct delayed_work* iovafuzz_depot_work(struct iova_domain* iovad, unsigned int size) {
  return iovad->rcaches && size < IOVA_RANGE_CACHE_MAX_SIZE ? &iovad->rcaches[size].work : NULL;
}
