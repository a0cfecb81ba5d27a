// SPDX-License-Identifier: GPL-2.0-only
#include "engine/contract.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/oracles.h"
#include "engine/report.h"
#include "iova/port_variants.h"
#include "shim/list.h"
#include "shim/object.h"
#include "shim/test_world.h"
#include "testing/literally.h"

namespace engine {
namespace {

// What a harness might do wrong, each with the finding that it is.
struct Misuse {
  const char* name;
  const shim::Oracle* oracle;
  const char* function;
  void (*commit)(const iova_variant& v, void* domain, void* other);
};

constexpr unsigned long limit = 0xfffff;

const Misuse misuses[] = {
    {"AllocatesInADomainThatIsNotInitialized", &oracle::contract_no_domain, "alloc_iova",
     [](const iova_variant& v, void*, void* other) { v.alloc(other, 1, limit, true); }},
    {"AllocatesAfterPut", &oracle::contract_no_domain, "alloc_iova_fast",
     [](const iova_variant& v, void* domain, void*) {
       v.put_domain(domain);
       v.alloc_fast(domain, 1, limit, true);
     }},
    {"PutsTwice", &oracle::contract_no_domain, "put_iova_domain",
     [](const iova_variant& v, void* domain, void*) {
       v.put_domain(domain);
       v.put_domain(domain);
     }},
    {"InitializesTwice", &oracle::contract_init_twice, "init_iova_domain",
     [](const iova_variant& v, void* domain, void*) { v.init_domain(domain, 4096, 1); }},
    {"InitializesRcachesTwice", &oracle::contract_init_twice, "iova_domain_init_rcaches",
     [](const iova_variant& v, void* domain, void*) { v.init_rcaches(domain); }},
    {"AllocatesWithoutTheCache", &oracle::contract_cache_not_held, "alloc_iova",
     [](const iova_variant& v, void* domain, void* other) {
       v.put_domain(domain);
       v.init_domain(other, 4096, 1);
       v.cache_put();
       v.alloc(other, 1, limit, true);
     }},
    {"PutsACacheThatItDoesNotHold", &oracle::contract_cache_not_held, "iova_cache_put",
     [](const iova_variant& v, void* domain, void*) {
       v.put_domain(domain);
       v.cache_put();
       v.cache_put();
     }},
    {"AllocatesFastWithoutRcaches", &oracle::contract_no_rcaches, "alloc_iova_fast",
     [](const iova_variant& v, void*, void* other) {
       v.init_domain(other, 4096, 1);
       v.alloc_fast(other, 1, limit, true);
     }},
    {"FreesTwice", &oracle::contract_free_foreign, "free_iova_fast",
     [](const iova_variant& v, void* domain, void*) {
       unsigned long pfn = v.alloc_fast(domain, 1, limit, true);
       v.free_fast(domain, pfn, 1);
       v.free_fast(domain, pfn, 1);
     }},
    {"FreesWhatItWasNotGiven", &oracle::contract_free_foreign, "free_iova_fast",
     [](const iova_variant& v, void* domain, void*) { v.free_fast(domain, 100, 1); }},
    {"FreesWithAnotherSize", &oracle::contract_free_size, "free_iova_fast",
     [](const iova_variant& v, void* domain, void*) {
       v.free_fast(domain, v.alloc_fast(domain, 2, limit, true), 1);
     }},
    {"FreesANodeTwice", &oracle::contract_free_foreign, "__free_iova",
     [](const iova_variant& v, void* domain, void*) {
       void* iova = v.alloc(domain, 1, limit, true);
       v.free_iova(domain, iova);
       v.free_iova(domain, iova);
     }},
    {"QueuesWithoutAQueue", &oracle::contract_no_queue, "queue_iova",
     [](const iova_variant& v, void* domain, void*) {
       list_head none;
       INIT_LIST_HEAD(&none);
       v.queue->queue(domain, v.alloc_fast(domain, 1, limit, true), 1, &none);
     }},
};

void PrintTo(const Misuse& misuse, std::ostream* out) { *out << misuse.name; }

class Misused : public testing::TestWithParam<Misuse> {
 protected:
  static void commit(const Misuse& misuse) {
    shim::reset_world(2);
    const iova_variant& v = guarded(port::fixed::variant);
    v.reset();
    auto memory = [&] {
      return shim::new_object(shim::ObjectKind::kmalloc, nullptr, v.domain_size, 16, true,
                              SHIM_SITE)
          .memory;
    };
    void *domain = memory(), *other = memory();
    v.cache_get();
    v.init_domain(domain, 4096, 1);
    v.init_rcaches(domain);
    shim::set_finding_handler([](const shim::Finding& finding) {
      fmt::print(stderr, "{} in {} by the {}\n", finding.oracle->id, finding.function,
                 shim::name(finding.blame));
      return false;
    });
    misuse.commit(v, domain, other);
  }
};

TEST_P(Misused, BreachIsTheHarnesssDoing) {
  EXPECT_DEATH(commit(GetParam()), literally(fmt::format("{} in {} by the harness\n",
                                                         GetParam().oracle->id,
                                                         GetParam().function)));
}

TEST(ContractOracles, AllHaveAMisuseHere) {
  std::set<std::string> covered;
  for (const Misuse& misuse : misuses) covered.insert(misuse.oracle->id);
  for (const shim::Oracle* oracle : oracles())
    EXPECT_EQ(covered.contains(oracle->id), std::string(oracle->id).starts_with("contract-"))
        << oracle->id;
}

INSTANTIATE_TEST_SUITE_P(, Misused, testing::ValuesIn(misuses),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace engine
