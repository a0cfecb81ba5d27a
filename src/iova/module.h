// SPDX-License-Identifier: GPL-2.0-only
// The port as a shared object: one revision, or all defects that can be planted in it without
// another compilation.
#pragma once

#include "iova/variant.h"

#define PORT_MODULE_SYMBOL "port_module_variant"  // for dlsym()
// With that defect planted, by its name with dashes; "" for none. NULL: it is not in this module.
extern "C" __attribute__((visibility("default"))) const iova_variant* port_module_variant(
    const char* defect);
using PortModuleVariant = decltype(port_module_variant);
