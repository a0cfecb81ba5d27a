// SPDX-License-Identifier: GPL-2.0-only
// What the allocator owes its callers, in words; the table is promises.inc.
#pragma once

#include <span>

namespace engine {

struct Promise {
  const char* id;
  const char* of;  // "allocator" or "queue"
  const char* words;
  const char* relied_on_by;
  const char* judged_by = "";  // if not by oracles that name it
};

std::span<const Promise> promises();

}  // namespace engine
