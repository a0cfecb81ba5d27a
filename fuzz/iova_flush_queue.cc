// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

using program::OpCode;

static constexpr OpCode queue_operations[] = {
    OpCode::cache_get,  OpCode::cache_put, OpCode::init, OpCode::init_rcaches, OpCode::put,
    OpCode::queue_init, OpCode::queue,     OpCode::slow, OpCode::flush_done,   OpCode::alloc_fast,
    OpCode::free_fast,  OpCode::fail,      OpCode::cpus, OpCode::cpu,          OpCode::offline,
    OpCode::online,     OpCode::tick,      OpCode::idle, OpCode::irq,
};

const fuzz::Target fuzz::iova_flush_queue{
    .name = "iova_flush_queue",
    .purpose = "the flush queue: rings, its timer, hardware flushes that overlap with all else, "
               "teardown",
    .operations = queue_operations,
    .max_len = 2048,
    .needs_queue = true,
};
