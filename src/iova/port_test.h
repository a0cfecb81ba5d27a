// SPDX-License-Identifier: GPL-2.0-only
// The fixture of the port's tests: one domain of one revision, seen as a variant.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "iova/port_variants.h"
#include "iova/revision.h"
#include "shim/cpu.h"
#include "shim/fault.h"
#include "shim/finding.h"
#include "shim/slab.h"
#include "shim/timekeeping.h"
#include "shim/world.h"
#include "testing/literally.h"

struct PortRevision {
  const char* name;  // its identifier
  const iova_variant* variant;
  port::Revision behaviour;
};

inline void PrintTo(const PortRevision& revision, std::ostream* out) { *out << revision.name; }

inline const std::vector<PortRevision>& port_revisions() {
  static const std::vector<PortRevision> revisions = [] {
    std::vector<PortRevision> all;
    for (const port::NamedVariant& named : port::variants)
      all.push_back({named.identifier, named.variant, port::revision_of(named.version)});
    return all;
  }();
  return revisions;
}

struct Pages {
  unsigned long lo, hi;
  bool operator==(const Pages&) const = default;
};

inline void PrintTo(const Pages& pages, std::ostream* out) {
  *out << std::hex << "[0x" << pages.lo << ", 0x" << pages.hi << "]" << std::dec;
}

inline constexpr Pages no_pages{~0ul, 0};

// A world of two CPUs; pages of 4 KiB. TearDown() puts the domain and the caches that a test
// leaves, after which nothing may be left.
class PortTest : public testing::TestWithParam<PortRevision> {
 protected:
  static constexpr unsigned long below_4g = (1ul << 20) - 1;
  static constexpr unsigned long below_64bit = (1ul << 36) - 1;
  static constexpr bool unaligned = false;

  PortTest() {
    shim::set_finding_handler(nullptr);
    shim::reset_world(2);
    v.reset();
  }

  void TearDown() override {
    shim::plan_no_faults();
    if (domain) put();
    while (references) cache_put();
    shim::check_end_of_operation("the test");
    shim::check_end_of_run();
  }

  int cache_get() {
    int error = v.cache_get();
    references += !error;
    return error;
  }
  void cache_put() {
    v.cache_put();
    references--;
  }

  void init(unsigned long start_pfn = 1, unsigned long granule = 4096) {
    if (!references) {
      ASSERT_EQ(cache_get(), 0);
    }
    domain = kzalloc(v.domain_size, GFP_KERNEL);
    v.init_domain(domain, granule, start_pfn);
  }
  void init_with_rcaches(unsigned long start_pfn = 1) {
    init(start_pfn);
    ASSERT_EQ(v.init_rcaches(domain), 0);
  }
  void put() {
    v.put_domain(domain);
    kfree(domain);
    domain = nullptr;
  }

  Pages pages(const void* iova) const {
    return iova ? Pages{v.pfn_lo(iova), v.pfn_hi(iova)} : no_pages;
  }
  Pages alloc(unsigned long size, unsigned long limit, bool aligned = true) {
    return pages(v.alloc(domain, size, limit, aligned));
  }
  Pages reserve(unsigned long lo, unsigned long hi) { return pages(v.reserve(domain, lo, hi)); }
  Pages find(unsigned long pfn) { return pages(v.find(domain, pfn)); }
  void free_pfn(unsigned long pfn) { v.free_pfn(domain, pfn); }
  unsigned long alloc_fast(unsigned long size, unsigned long limit = below_4g, bool flush = true) {
    return v.alloc_fast(domain, size, limit, flush);
  }
  void free_fast(unsigned long pfn, unsigned long size) { v.free_fast(domain, pfn, size); }

  // Makes the i-th of the next allocation attempts fail, counted from 0.
  static void fail(size_t i) { shim::plan_faults(shim::FaultMask().set(i)); }

  // The nodes of the tree, without the anchor.
  std::vector<Pages> nodes() const {
    std::vector<Pages> result;
    v.each_node(
        domain,
        [](void* out, unsigned long lo, unsigned long hi) {
          if (lo != IOVA_ANCHOR_PFN) static_cast<std::vector<Pages>*>(out)->push_back({lo, hi});
          return true;
        },
        &result);
    return result;
  }

  iova_fields fields() const {
    iova_fields result;
    v.fields(domain, &result);
    return result;
  }

  struct Magazine {
    unsigned bin;
    int cpu;
    bool previous;
    std::vector<unsigned long> pfns;
  };
  std::vector<Magazine> magazines() const {
    std::vector<Magazine> result;
    v.each_magazine(
        domain,
        [](void* out, const iova_magazine_view* m) {
          static_cast<std::vector<Magazine>*>(out)->push_back(
              {m->bin, m->cpu, m->previous, {m->pfns, m->pfns + m->size}});
        },
        &result);
    return result;
  }
  size_t cached_pfns() const {
    size_t sum = 0;
    for (const Magazine& magazine : magazines()) sum += magazine.pfns.size();
    return sum;
  }

  iova_depot_view depot(unsigned bin) const {
    std::vector<iova_depot_view> depots;
    v.each_depot(
        domain,
        [](void* out, const iova_depot_view* d) {
          static_cast<std::vector<iova_depot_view>*>(out)->push_back(*d);
        },
        &depots);
    return depots.at(bin);
  }

  // Allocates single pages, then frees them in the same order. Returns their pfns.
  std::vector<unsigned long> fill_magazines(size_t count) {
    std::vector<unsigned long> pfns;
    for (size_t i = 0; i < count; i++) pfns.push_back(alloc_fast(1));
    for (unsigned long pfn : pfns) free_fast(pfn, 1);
    return pfns;
  }

  const port::Revision& behaviour = GetParam().behaviour;
  const iova_variant& v = *GetParam().variant;
  void* domain = nullptr;
  unsigned references = 0;
};

#define INSTANTIATE_PORT_TESTS(suite)                                             \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(port_revisions()),          \
                           [](const testing::TestParamInfo<PortRevision>& info) { \
                             return std::string(info.param.name);                 \
                           })
