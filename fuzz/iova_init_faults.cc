// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

using program::OpCode;

// Just enough beyond init and teardown to use what a failed init left.
static constexpr OpCode init_operations[] = {
    OpCode::cache_get, OpCode::cache_put, OpCode::init,       OpCode::init_rcaches, OpCode::put,
    OpCode::fail,      OpCode::cpus,      OpCode::alloc_fast, OpCode::free_fast,
};

const fuzz::Target fuzz::iova_init_faults{
    .name = "iova_init_faults",
    .purpose = "small programs around cache get and put, domain and rcache init, teardown, and "
               "their failures",
    .operations = init_operations,
    .max_len = 128,
};
