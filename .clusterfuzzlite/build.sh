#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# http://www.apache.org/licenses/LICENSE-2.0
# Compilers and flags are the environment's, $LIB_FUZZING_ENGINE among them.
cmake -S . -B "$WORK/iovafuzz" -G Ninja -DIOVAFUZZ_TOOL=OFF -DIOVAFUZZ_TARGETS=ON
cmake --build "$WORK/iovafuzz" --target fuzz_targets
cmake --install "$WORK/iovafuzz" --component fuzz_targets --prefix "$OUT"
