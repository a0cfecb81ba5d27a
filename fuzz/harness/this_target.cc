// SPDX-License-Identifier: GPL-2.0-only
// The target of a binary; the build defines IOVAFUZZ_TARGET.
#include "fuzz/targets.h"

const fuzz::Target& fuzz::this_target = fuzz::IOVAFUZZ_TARGET;
