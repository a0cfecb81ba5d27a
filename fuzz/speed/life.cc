// SPDX-License-Identifier: GPL-2.0-only
// Baseline: runs the same life of one domain for every input: 2 CPUs, 16 operations from cache_get
// to cache_put.
#include <cstddef>
#include <cstdint>

#include "engine/engine.h"
#include "fuzz/target.h"

static const program::Program life = program::parse(R"(
cache_get
init
init_rcaches
alloc_fast
alloc_fast size=2
alloc size=8
free_fast
cpu 1
alloc_fast size=4
free_fast
alloc_fast size=64
find
free
free_fast
put
cache_put
)");

extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) {
  engine::run(fuzz::variant, life);
  return 0;
}
