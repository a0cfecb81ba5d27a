// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_domain{
    .name = "iova_domain",
    .purpose = "the whole life of domains: init with allocation failures, alloc, free, flush, "
               "teardown",
    .operations = program::all_operations,
    .max_len = 4096,
};
