// SPDX-License-Identifier: GPL-2.0-only
// The caller's side of the allocator's contract, watched: what the harness does wrong must not be
// taken for a finding of the allocator.
#pragma once

#include "iova/variant.h"

namespace engine {

// The same allocator behind a guard, which raises a contract-* finding, to the harness' blame, when
// it is called as no kernel code may: what is not initialized, not held, not handed out or given
// back already. There is one guard at a time; reset() forgets what it has seen.
const iova_variant& guarded(const iova_variant& variant);

}  // namespace engine
