// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_init_faults{
    .name = "iova_init_faults",
    .purpose = "small programs around cache get and put, domain and rcache init, teardown, and "
               "their failures",
    .operations = program::operations_of(program::uses::init),
    .max_len = 128,
};
