// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::program_text{
    .name = "program_text",
    .purpose = "our own text parser and codec: any bytes, as a program and as text, come back as "
               "they were",
    .operations = program::all_operations,
    .max_len = 2048,
    .reads_text = true,
};
