// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

using program::OpCode;

static constexpr OpCode rcache_operations[] = {
    OpCode::cache_get, OpCode::cache_put, OpCode::init,       OpCode::init_rcaches,
    OpCode::put,       OpCode::fail,      OpCode::alloc_fast, OpCode::free_fast,
    OpCode::free,      OpCode::cpus,      OpCode::cpu,        OpCode::offline,
    OpCode::online,    OpCode::tick,      OpCode::idle,       OpCode::irq,
};

const fuzz::Target fuzz::iova_rcache{
    .name = "iova_rcache",
    .purpose = "magazines and depots: filling, flushing, trimming, CPU hotplug, limits",
    .operations = rcache_operations,
    .max_len = 2048,
};
