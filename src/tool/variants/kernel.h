// SPDX-License-Identifier: GPL-2.0-only
// Kernel trees in the build that this tool belongs to: compiled over the shim, and loaded.
#pragma once

#include "iova/variant.h"
#include "tool/variants/kernel_tree.h"
#include "tool/variants/module.h"

namespace tool {

// Its shared object, of the build. Throws Failure if the tree's path cannot be told to CMake.
ModuleVariant module_of(const KernelTree& tree);

// Compiles what is not up to date and loads it into this process, where it stays. Throws Failure
// that names the tree's file and what is missing, if it cannot be compiled over the shim. strict:
// whatever its code is.
const iova_variant& load_kernel(const KernelTree& tree, bool strict = false);

// What the compiler had to say of a tree that is loaded: "file:line: variable that may hold
// anything".
std::vector<std::string> compiler_notes(const KernelTree& tree);

// The name of its build targets and of its folder under bin/, as "fixed" is for the port's
// revision.
std::string build_name(const KernelTree& tree);

}  // namespace tool
