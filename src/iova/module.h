// SPDX-License-Identifier: GPL-2.0-only
// The port as a shared object: one revision, or one revision with a choice of all planted defects
// that need no other behaviours, hence no other build.
#pragma once

#include "iova/variant.h"

#define PORT_MODULE_SYMBOL "port_module_variant"  // for dlsym()
// The variant with this defect planted, named with dashes; "" is the module's plain variant. NULL
// if the module does not have it.
extern "C" __attribute__((visibility("default"))) const iova_variant* port_module_variant(
    const char* defect);
using PortModuleVariant = decltype(port_module_variant);
