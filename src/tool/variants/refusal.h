// SPDX-License-Identifier: GPL-2.0-only
// What the build says of a kernel tree, by the tree's files: why it cannot be built over the shim,
// in one sentence that names what is missing; and which of its variables may hold anything.
#pragma once

#include <string>
#include <vector>

#include "tool/variants/kernel_tree.h"

namespace tool {

// From the words of the build that failed.
std::string why_refused(const KernelTree& tree, const std::string& build_output);
// Likewise of a file of kernel code that is no tree's: a test.
std::string why_not_compiled(const std::string& file, const std::string& compiler_output);
// Of a function or variable that the shim does not define.
std::string why_refused_for_symbol(const KernelTree& tree, const std::string& symbol);
// The compiler's warnings, as "file:line: warning".
std::vector<std::string> warnings_in(const KernelTree& tree, const std::string& compiler_output);

}  // namespace tool
