// SPDX-License-Identifier: GPL-2.0-only
// What must hold of every domain between operations, whatever allocator it is: the structure of
// the tree and the magazines, that every node is somebody's, and that the magazines are as the
// model has them.
#pragma once

#include <span>
#include <string>

#include "engine/domain.h"
#include "engine/trace.h"
#include "iova/variant.h"

namespace engine {

// Raises the first violation as a finding of the kernel function. Adds what it saw to the trace.
// All domains that are not initialized are left out. A model of the magazines that differs goes on
// from what is there.
void check_invariants(const iova_variant& variant, std::span<Domain> domains,
                      const char* function, Trace& trace);

// Only that nodes, ranges in use and magazines fit together, as they do whenever no call into the
// allocator is under way.
void check_ranges(const iova_variant& variant, Domain& domain, const char* function);

// The state of every domain as the allocator itself has it, a line each, for people.
std::string describe_allocator(const iova_variant& variant, std::span<const Domain> domains);

// Whether size pages fit between the domain's start, or lowest_pfn if that is higher, and limit_pfn
// (inclusive), in the tree as it is now; aligned to size rounded up to a power of two,
// or not at all.
bool fits(const iova_variant& variant, const Domain& domain, uint64_t size, uint64_t limit_pfn,
          bool aligned, uint64_t lowest_pfn = 0);

}  // namespace engine
