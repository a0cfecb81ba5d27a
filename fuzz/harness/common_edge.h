// SPDX-License-Identifier: GPL-2.0-only
// An edge that every input reaches. The empty program runs no code of a kernel tree, and an engine
// whose first input reaches no edge takes the target for uninstrumented.
#pragma once

namespace fuzz {

void reach_common_edge();

}  // namespace fuzz
