// SPDX-License-Identifier: GPL-2.0-only
// What a shared object of the port shows to the tool that loads it.
#include "iova/module.h"

#include "iova/port_variants.h"

const iova_variant* const port_module_variant = &port::IOVAFUZZ_PORT::variant;
