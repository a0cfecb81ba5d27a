// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_worst_case{
    .name = "iova_worst_case",
    .purpose = "the operation that keeps interrupts off longest: steps through the tree guide the "
               "engine",
    .operations = program::operations_of(program::uses::cost),
    .max_len = 256,
    .seeks_cost = true,
};
