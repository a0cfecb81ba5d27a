// SPDX-License-Identifier: GPL-2.0-only
#include "engine/printing.h"

#include <fmt/core.h>

#include <cstring>

namespace engine {

std::string print_range(uint64_t lo, uint64_t hi) {
  return lo == hi ? fmt::format("{:#x}", lo) : fmt::format("{:#x}..{:#x}", lo, hi);
}

std::string print_error(int error) {
  const char* name = error < 0 ? strerrorname_np(-error) : nullptr;
  return name ? fmt::format("-{}", name) : fmt::format("{}", error);
}

const char* print(Function function) {
  switch (function) {
    case Function::cache_get: return "iova_cache_get";
    case Function::cache_put: return "iova_cache_put";
    case Function::rcache_range: return "iova_rcache_range";
    case Function::init_domain: return "init_iova_domain";
    case Function::init_rcaches: return "iova_domain_init_rcaches";
    case Function::put_domain: return "put_iova_domain";
    case Function::alloc: return "alloc_iova";
    case Function::alloc_fast: return "alloc_iova_fast";
    case Function::free_pfn: return "free_iova";
    case Function::free_iova: return "__free_iova";
    case Function::free_fast: return "free_iova_fast";
    case Function::find: return "find_iova";
    case Function::reserve: return "reserve_iova";
    case Function::queue_init: return "iommu_dma_init_fq";
    case Function::queue: return "queue_iova";
  }
  return "?";
}

}  // namespace engine
