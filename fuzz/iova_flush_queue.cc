// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_flush_queue{
    .name = "iova_flush_queue",
    .purpose = "the flush queue: rings, its timer, hardware flushes that overlap other operations, "
               "teardown",
    .operations = program::operations_of(program::uses::queue),
    .max_len = 2048,
    .needs_queue = true,
};
