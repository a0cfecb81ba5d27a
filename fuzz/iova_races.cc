// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_races{
    .name = "iova_races",
    .purpose = "data races between CPUs, timers and works",
    .operations = program::all_operations,
    .max_len = 2048,
    .watches_races = true,
};
