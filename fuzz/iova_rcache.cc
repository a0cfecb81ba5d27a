// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_rcache{
    .name = "iova_rcache",
    .purpose = "magazines and depots: filling, flushing, trimming, CPU hotplug, limits",
    .operations = program::operations_of(program::uses::rcache),
    .max_len = 2048,
};
