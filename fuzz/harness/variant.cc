// SPDX-License-Identifier: GPL-2.0-only
// The variant of a binary, the only object file that differs between variants. The build defines
// IOVAFUZZ_REVISION for the port, and IOVAFUZZ_DEFECT for a planted defect; otherwise the variant
// is a kernel tree.
#include "fuzz/target.h"
#include "iova/port_variants.h"

#ifdef IOVAFUZZ_REVISION
const iova_variant& fuzz::variant = port::IOVAFUZZ_PORT::variant;
const iova_variant* const fuzz::likeness = nullptr;
#else
#include "kernel/kernel_variant.h"
#include "tree_features.h"
const iova_variant& fuzz::variant = kernel_variant;
#ifdef TREE_IS_LIKE
const iova_variant* const fuzz::likeness = &port::TREE_IS_LIKE::variant;
#else
const iova_variant* const fuzz::likeness = nullptr;
#endif
#endif
