// SPDX-License-Identifier: GPL-2.0-only
// Writes a finding as a plain-text mail for the kernel's lists: what breaks, who can reach it,
// since when, and how to see it in a kernel.
#pragma once

#include <string>

#include "iova/variant.h"
#include "program/program.h"

namespace tool {

// Line width that is customary on the kernel's lists.
inline constexpr size_t mail_columns = 75;

// Lines are at most mail_columns wide, except for code and long names. The finding is what the
// program shows on the variant; `right` is an allocator without known issues. Throws Failure if the
// program shows nothing.
std::string mail_of(const program::Program& program, const iova_variant& variant,
                    const iova_variant& right);

}  // namespace tool
