// SPDX-License-Identifier: GPL-2.0-only
// The order that callers owe, as edges for who looks for data races (shim/races.h): a domain is
// used after its initialization and before its end, its queue is made by one at a time, a range is
// used after it was granted. All other calls may overlap if they are made on different CPUs.
#pragma once

#include "engine/history.h"

namespace engine {

void order_begin(const Call& call);
// A queue that orders itself is used by those who see it, whatever order they owe (iova_queue).
void order_end(const Call& call, bool queue_orders_itself);

}  // namespace engine
