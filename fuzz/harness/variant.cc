// SPDX-License-Identifier: GPL-2.0-only
// The variant of a target's binary, the only part of it that another variant changes:
// IOVAFUZZ_REVISION is given by the build for the port, and IOVAFUZZ_DEFECT if one is planted; else
// it is a kernel tree.
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
