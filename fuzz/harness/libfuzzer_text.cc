// SPDX-License-Identifier: GPL-2.0-only
// The entry point of a target that reads text. Engines mutate its bytes: mutation by operation
// would produce only well-formed programs.
#include <algorithm>
#include <cstdlib>

#include "engine/text.h"
#include "fuzz/harness/entry.h"
#include "fuzz/harness/honggfuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::end_with_fork_server();
  for (const engine::Report& report : engine::check_text({data, size})) {
    if (!fuzz::only().empty() && report.key != fuzz::only()) continue;
    const auto& known = fuzz::known(nullptr);
    if (fuzz::only().empty() && std::find(known.begin(), known.end(), report.key) != known.end()) {
      fuzz::announce(report.key);
      continue;
    }
    fuzz::tell(report);
    abort();
  }
  return 0;
}
