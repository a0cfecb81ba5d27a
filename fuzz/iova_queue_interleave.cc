// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_queue_interleave{
    .name = "iova_queue_interleave",
    .purpose =
        "the flush queue, its timer, flushes and teardown, suspended at any point while others "
        "run",
    .operations = program::operations_of(program::uses::queue | program::uses::interleave),
    .max_len = 2048,
    .needs_queue = true,
};
