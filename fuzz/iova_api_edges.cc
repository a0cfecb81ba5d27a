// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

using program::OpCode;

static constexpr OpCode edge_operations[] = {
    OpCode::cache_get, OpCode::cache_put, OpCode::init,      OpCode::init_rcaches,
    OpCode::put,       OpCode::edge,      OpCode::alloc,     OpCode::alloc_fast,
    OpCode::free,      OpCode::free_fast, OpCode::free_iova, OpCode::free_pfn,
    OpCode::find_pfn,  OpCode::reserve,   OpCode::fail,
};

const fuzz::Target fuzz::iova_api_edges{
    .name = "iova_api_edges",
    .purpose = "what the interface allows and no caller does: limit ~0, pfn 0, late reservations, "
               "unknown pfns",
    .operations = edge_operations,
    .max_len = 512,
};
