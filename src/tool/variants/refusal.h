// SPDX-License-Identifier: GPL-2.0-only
// Translates compiler output about a kernel tree into messages with the tree's files: why it cannot
// be built over the shim, in one sentence that names the missing part; and which variables may be
// uninitialized.
#pragma once

#include <string>
#include <vector>

#include "tool/variants/kernel_tree.h"

namespace tool {

// The reason, from the output of a failed build.
std::string why_refused(const KernelTree& tree, const std::string& build_output);
// Likewise for a single file of kernel code that belongs to no tree, such as a KUnit test.
std::string why_not_compiled(const std::string& file, const std::string& compiler_output);
// The reason for a function or variable that the shim does not define.
std::string why_refused_for_symbol(const KernelTree& tree, const std::string& symbol);
// The compiler's warnings, as "file:line: warning".
std::vector<std::string> warnings_in(const KernelTree& tree, const std::string& compiler_output);

}  // namespace tool
