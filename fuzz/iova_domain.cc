// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

using program::OpCode;

static constexpr OpCode operations[] = {
    OpCode::cache_get, OpCode::init,      OpCode::init_rcaches, OpCode::fail,
    OpCode::alloc_fast, OpCode::free_fast, OpCode::alloc,        OpCode::free,
    OpCode::put,       OpCode::cache_put, OpCode::cpus,         OpCode::cpu,
    OpCode::offline,   OpCode::online,    OpCode::tick,         OpCode::reserve,
    OpCode::find,      OpCode::find_pfn,  OpCode::free_iova,
};

const fuzz::Target fuzz::iova_domain{
    "iova_domain",
    "the whole life of domains: init with allocation failures, alloc, free, flush, teardown",
    operations,
    IOVAFUZZ_MAX_LEN,
};
