// SPDX-License-Identifier: GPL-2.0-only
// All fuzz targets. targets.inc is generated from the iovafuzz_target() calls in CMakeLists.txt.
#pragma once

#include "fuzz/target.h"

namespace fuzz {

#define TARGET(name) extern const Target name;
#include "targets.inc"
#undef TARGET

inline constexpr const Target* targets[] = {
#define TARGET(name) &name,
#include "targets.inc"
#undef TARGET
};

}  // namespace fuzz
