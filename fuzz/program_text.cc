// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"

const fuzz::Target fuzz::program_text{
    .name = "program_text",
    .purpose = "our own text parser and codec: a program must survive conversion to text and to "
               "bytes",
    .operations = program::all_operations,
    .max_len = 2048,
    .reads_text = true,
};
