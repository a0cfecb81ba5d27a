// SPDX-License-Identifier: GPL-2.0-only
// The allocator's promises to its callers, as text; the table is promises.inc.
#pragma once

#include <span>

namespace engine {

struct Promise {
  const char* id;
  const char* of;  // "allocator" or "queue"
  const char* words;
  const char* relied_on_by;
  const char* judged_by = "";  // if no oracle names the promise
};

std::span<const Promise> promises();

}  // namespace engine
