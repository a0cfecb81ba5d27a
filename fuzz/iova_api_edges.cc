// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_api_edges{
    .name = "iova_api_edges",
    .purpose = "legal arguments that no in-tree caller uses: limit ~0, pfn 0, late reservations, "
               "unknown pfns",
    .operations = program::operations_of(program::uses::edges),
    .max_len = 512,
};
