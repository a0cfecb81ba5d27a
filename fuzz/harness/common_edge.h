// SPDX-License-Identifier: GPL-2.0-only
// An edge that every input reaches. The empty program runs none of a kernel tree's code, and
// engines that see a first input reach nothing take the target for one built without
// instrumentation.
#pragma once

namespace fuzz {

void reach_common_edge();

}  // namespace fuzz
