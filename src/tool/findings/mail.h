// SPDX-License-Identifier: GPL-2.0-only
// A finding as plain text for the kernel's lists: what breaks, who gets there, since when, how to
// see it in a kernel.
#pragma once

#include <string>

#include "iova/variant.h"
#include "program/program.h"

namespace tool {

// What the kernel's lists like to read.
inline constexpr size_t mail_columns = 75;

// At most that wide, but for code and names that are longer. Of what the program shows on the
// variant; right: an allocator without known issues. Throws Failure if the program shows nothing.
std::string mail_of(const program::Program& program, const iova_variant& variant,
                    const iova_variant& right);

}  // namespace tool
