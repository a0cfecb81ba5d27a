// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::iova_port_vs_kernel{
    "iova_port_vs_kernel",
    "a kernel tree against the port: the same program must do the same on both",
    program::all_operations,
    IOVAFUZZ_MAX_LEN,
    true,
};
