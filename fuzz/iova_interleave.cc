// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_interleave{
    .name = "iova_interleave",
    .purpose = "operations suspended at any point while others run: domains, tree, magazines, "
               "CPUs that come and go",
    .operations = program::operations_of(program::uses::rcache | program::uses::tree |
                                         program::uses::interleave),
    .max_len = 2048,
};
