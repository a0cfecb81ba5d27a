// SPDX-License-Identifier: GPL-2.0-only
// Operations on references to the caches and on the life of domains.
#include <algorithm>

#include "engine/ending.h"
#include "engine/operations/operations.h"
#include "engine/printing.h"
#include "shim/object.h"
#include "shim/slab.h"

namespace engine::operations {

void cache_get(Run& run, const Operation&) {
  Call call(Function::cache_get);
  run.make(call);
  if (run.is_watched()) run.outcome("{}", print_error(call.error));
  if (!run.variant().rcache_range) return;
  Call range(Function::rcache_range);
  run.make(range);
}

void cache_put(Run& run, const Operation&) {
  if (!run.books.references()) return run.skip("no reference is held");
  bool in_use = std::any_of(run.books.domains().begin(), run.books.domains().end(),
                            [](const Domain& domain) { return domain.memory != nullptr; });
  if (run.books.references() == 1 && in_use) return run.skip("a domain needs the last reference");
  Call call(Function::cache_put);
  run.make(call);
  run.outcome("{} references left", run.books.references());
}

void init(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  if (domain.memory) return run.skip("the domain is initialized");
  domain.granule_shift = value(operation, Role::granule).number;
  uint64_t start = resolve(domain, value(operation, Role::start));
  if (start > ~uint64_t{0} >> domain.granule_shift || start == ~uint64_t{0})
    return run.skip("the start is outside of the address space");
  domain.start_pfn = start;
  domain.memory = shim::new_object(shim::ObjectKind::kmalloc, nullptr, run.variant().domain_size,
                                   16, true, SHIM_SITE)
                      .memory;
  Call call(Function::init_domain, &domain);
  call.size = uint64_t{1} << domain.granule_shift;
  call.pfn = start;
  run.make(call);
  run.outcome("start pfn {:#x}, 4 GiB at pfn {:#x}", start, domain.first_pfn_above_32bit());
}

void init_rcaches(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  if (!domain.memory) return run.skip("the domain is not initialized");
  if (!run.variant().init_rcaches) return run.skip("init already made the rcaches");
  if (domain.has_rcaches) return run.skip("the domain has rcaches");
  if (!run.books.references()) return run.skip("the cache is not held");
  Call call(Function::init_rcaches, &domain);
  run.make(call);
  if (run.is_watched()) run.outcome("{}", print_error(call.error));
}

void put(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  if (!domain.memory) return run.skip("the domain is not initialized");
  if (domain.unmaps_under_way) return run.skip("a range is being unmapped");
  run.outcome("{} ranges were in use", domain.live.size());
  run.look_before_its_end();
  ending::ask_for_what_nobody_owns(run, domain);
  destroy(run, domain);
}

void destroy(Run& run, Domain& domain) {
  Call call(Function::put_domain, &domain);
  run.make(call);
  static const shim_site in_driver{"put_iova_domain", __FILE__, __LINE__};
  (kfree)(domain.memory, &in_driver);
  run.books.forget(domain);
}

}  // namespace engine::operations
