// SPDX-License-Identifier: GPL-2.0-only
#include "engine/callers_order.h"

#include "engine/domain.h"
#include "shim/races.h"

namespace engine {
namespace {

// Addresses that stand for the state handed from call to call.
const char cache_ready = 0, cache_used = 0;
const void* ready(const Domain& domain) { return &domain; }
const void* used(const Domain& domain) { return &domain.memory; }
const void* queue_made(const Domain& domain) { return &domain.start_pfn; }

}  // namespace

void order_begin(const Call& call) {
  switch (call.function) {
    case Function::cache_get: return;
    case Function::cache_put: return shim::note_happens_after(&cache_used);
    case Function::rcache_range: return;
    case Function::put_domain: shim::note_happens_after(used(*call.domain)); break;
    case Function::queue_init: shim::note_happens_after(queue_made(*call.domain)); break;
    default: break;
  }
  shim::note_happens_after(&cache_ready);
  shim::note_happens_after(ready(*call.domain));
  if (call.range) shim::note_happens_after(call.range);
}

void order_end(const Call& call, bool queue_orders_itself) {
  switch (call.function) {
    case Function::cache_get: return shim::note_happens_before(&cache_ready);
    case Function::cache_put:
    case Function::rcache_range: return;
    case Function::init_domain:
    case Function::init_rcaches: shim::note_happens_before(ready(*call.domain)); break;
    case Function::queue_init:
      shim::note_happens_before(queue_made(*call.domain));
      if (!queue_orders_itself) shim::note_happens_before(ready(*call.domain));
      break;
    default: break;
  }
  if (call.range) shim::note_happens_before(call.range);
  shim::note_happens_before(used(*call.domain));
  shim::note_happens_before(&cache_used);
}

}  // namespace engine
