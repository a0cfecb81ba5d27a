// SPDX-License-Identifier: GPL-2.0-only
// The target of a binary: IOVAFUZZ_TARGET is given by the build.
#include "fuzz/targets.h"

const fuzz::Target& fuzz::this_target = fuzz::IOVAFUZZ_TARGET;
