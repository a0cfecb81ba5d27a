// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_tree{
    .name = "iova_tree",
    .purpose = "the tree alone: alloc, free, find, reserve of all sizes, limits and granules, "
               "with exact checks of placement",
    .operations = program::operations_of(program::uses::tree),
    .max_len = 2048,
};
