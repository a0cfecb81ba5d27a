// SPDX-License-Identifier: GPL-2.0-only
// The port as a shared object: one revision with one defect.
#pragma once

#include "iova/variant.h"

#define PORT_MODULE_SYMBOL "port_module_variant"  // for dlsym()
extern "C" __attribute__((visibility("default"))) const iova_variant* const port_module_variant;
