// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_port_vs_kernel{
    .name = "iova_port_vs_kernel",
    .purpose = "a kernel tree beside the port: a program must behave the same on both",
    .operations = program::all_operations,
    .max_len = 4096,
    .compares = true,
};
