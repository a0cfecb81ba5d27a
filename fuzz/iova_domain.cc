// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_domain{
    "iova_domain",
    "the whole life of domains: init with allocation failures, alloc, free, flush, teardown",
    program::all_operations,
    IOVAFUZZ_MAX_LEN,
};
