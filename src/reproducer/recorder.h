// SPDX-License-Identifier: GPL-2.0-only
// The calls that a run makes into an allocator and into the shim, for a stand-alone reproducer to
// make them again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "iova/variant.h"

namespace reproducer {

struct Call {
  std::string function;   // of reproducer.h; of the shim, with its argument: "shim_advance(10)"
  unsigned domain;        // index, in the order of their initialization
  uint64_t arguments[3];  // after the domain; what is a node is its lowest pfn
  uint64_t result;        // pfn, error, or 0; of what returns a node, failed for NULL
  uint32_t operation;     // of the program
};

// The same allocator; its calls are recorded from reset() on. There is one at a time.
const iova_variant& recorded(const iova_variant& real);
// The last may not have returned.
const std::vector<Call>& calls();
inline constexpr uint64_t failed = ~uint64_t{0};

// Told of every call before it is made and once it has returned, with the node that it returned or
// NULL, and of every action of the shim before it happens.
struct Observer {
  void (*on_reset)();
  void (*on_begin)(const Call& call);
  void (*on_end)(const Call& call, const iova_variant& real, const void* domain, const void* node);
};
void observe(const Observer& observer);

// What recorded() and reproducer_start() share.
void use(const iova_variant& real);
bool is_recorded();

}  // namespace reproducer
