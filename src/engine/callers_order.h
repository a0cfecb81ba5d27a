// SPDX-License-Identifier: GPL-2.0-only
// The order that callers guarantee, as happens-before edges for the race detector (shim/races.h):
// use of a domain follows its initialization and precedes its end, one caller at a time sets up its
// queue, and use of a range follows its grant. All other calls on different CPUs may overlap.
#pragma once

#include "engine/history.h"

namespace engine {

void order_begin(const Call& call);
// If queue_orders_itself, queue_init() publishes the queue itself (iova_queue) and adds
// no edge to users of the domain.
void order_end(const Call& call, bool queue_orders_itself);

}  // namespace engine
