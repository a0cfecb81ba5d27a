// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

using program::OpCode;

// No faults: they end work early.
static constexpr OpCode worst_case_operations[] = {
    OpCode::cache_get, OpCode::init,       OpCode::init_rcaches, OpCode::alloc,   OpCode::free,
    OpCode::free_iova, OpCode::alloc_fast, OpCode::free_fast,    OpCode::reserve, OpCode::cpus,
    OpCode::cpu,       OpCode::offline,    OpCode::tick,
};

const fuzz::Target fuzz::iova_worst_case{
    .name = "iova_worst_case",
    .purpose = "the operation that keeps interrupts off the longest: steps through the tree are "
               "the feedback",
    .operations = worst_case_operations,
    .max_len = 256,
    .seeks_cost = true,
};
