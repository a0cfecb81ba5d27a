// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

using program::OpCode;

static constexpr OpCode tree_operations[] = {
    OpCode::cache_get, OpCode::cache_put, OpCode::init,    OpCode::put,
    OpCode::fail,      OpCode::alloc,     OpCode::free,    OpCode::free_iova,
    OpCode::find,      OpCode::find_pfn,  OpCode::reserve, OpCode::irq,
};

const fuzz::Target fuzz::iova_tree{
    .name = "iova_tree",
    .purpose = "the tree alone: alloc, free, find, reserve of all sizes, limits and granules, "
               "exactly judged",
    .operations = tree_operations,
    .max_len = 2048,
};
