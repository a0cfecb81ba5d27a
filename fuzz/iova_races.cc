// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_races{
    .name = "iova_races",
    .purpose = "data races: what CPUs, timers and works access in common without a lock",
    .operations = program::all_operations,
    .max_len = 2048,
    .watches_races = true,
};
