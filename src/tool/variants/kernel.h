// SPDX-License-Identifier: GPL-2.0-only
// Builds a kernel tree over the shim, in the build that this tool belongs to, and loads it.
#pragma once

#include "iova/variant.h"
#include "tool/variants/kernel_tree.h"
#include "tool/variants/module.h"

namespace tool {

// The tree's shared object. Throws Failure if the tree's path has characters that CMake cannot
// take.
ModuleVariant module_of(const KernelTree& tree);

// Compiles the tree if it is out of date and loads it into this process, where it stays. Throws
// Failure if it cannot be compiled over the shim; the message names the tree's file and the missing
// part. strict: sets iova_variant::strict, whatever the tree's code.
const iova_variant& load_kernel(const KernelTree& tree, bool strict = false);

// Compiler warnings of a loaded tree, about variables that may be uninitialized: "file:line:
// warning".
std::vector<std::string> compiler_notes(const KernelTree& tree);

// Name of the tree's build targets and of its folder under bin/, like "fixed" for a revision of the
// port.
std::string build_name(const KernelTree& tree);

}  // namespace tool
