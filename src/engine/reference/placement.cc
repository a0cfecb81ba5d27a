// SPDX-License-Identifier: GPL-2.0-only
// Judges each request's placement, and whether it came from the magazines or the tree, against the
// models.
#include <fmt/core.h>

#include "engine/reference/judges.h"

namespace engine::reference {

void Placement::end_call(Call& call) {
  auto found = call.granted ? std::optional(call.lo) : std::nullopt;
  const FastAnswer& expected = models_.answer();
  if (call.attempts == expected.tries && found == expected.pfn) return;
  if (call.function == Function::alloc && !(call.granted && call.faults)) check(call, found);
  if (call.function == Function::alloc_fast && !call.lost_pfn_0) check_fast(call, found);
}

void Placement::check(const Call& call, std::optional<uint64_t> found) {
  std::optional<uint64_t> expected = models_.answer().pfn;
  if (expected == found) return;
  // The contract judges a refusal that the model does not predict.
  if (found) {
    const Request request = request_of(variant(), call);
    raise_of(call, oracle::placement_wrong,
             fmt::format("{:#x} for {} pages, limit {:#x}{}; expected {}", *found, request.size,
                         request.limit, request.aligned ? "" : ", unaligned",
                         expected ? fmt::format("{:#x}", *expected) : "a refusal"));
  }
  models_.adopt(*call.domain);
}

void Placement::check_fast(const Call& call, std::optional<uint64_t> found) {
  const FastAnswer& expected = models_.answer();
  const size_t tries = call.attempts;
  if (tries == expected.tries && tries) return check(call, found);
  auto describe = [](std::optional<uint64_t> pfn, size_t tries) {
    std::string what = pfn ? fmt::format("{:#x}", *pfn) : "a refusal";
    return what + (tries ? fmt::format(" from the tree, after {} attempts", tries)
                         : " from the magazines");
  };
  const Request request = request_of(variant(), call);
  std::string values =
      fmt::format("{} pages, limit {:#x}: {}; expected {}", request.size, request.limit,
                  describe(found, tries), describe(expected.pfn, expected.tries));
  // The contract judges a request that is refused in the end.
  bool refused_first = expected.tries && tries > expected.tries && expected.pfn;
  if (!refused_first || (found && !variant().strict)) {
    Acting magazines(scene_.position, OpCode::alloc_fast);
    raise(oracle::rcache_wrong, std::move(values));
  } else if (found) {
    // For a strict variant, the first refusal is the tree's fault.
    raise_of(call, oracle::spurious_failure, std::move(values));
  }
  models_.adopt(*call.domain);
}

}  // namespace engine::reference
