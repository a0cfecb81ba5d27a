#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# http://www.apache.org/licenses/LICENSE-2.0
# The environment sets compilers and flags, and $LIB_FUZZING_ENGINE.
cmake -S . -B "$WORK/iovafuzz" -G Ninja -DIOVAFUZZ_TOOL=OFF -DIOVAFUZZ_TARGETS=ON
cmake --build "$WORK/iovafuzz" --target fuzz_targets
cmake --install "$WORK/iovafuzz" --component fuzz_targets --prefix "$OUT"
