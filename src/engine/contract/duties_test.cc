// SPDX-License-Identifier: GPL-2.0-only
#include "engine/contract/duties.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/caller.h"
#include "engine/oracles.h"
#include "engine/report.h"
#include "iova/port_variants.h"
#include "shim/list.h"
#include "shim/object.h"
#include "shim/world_test.h"
#include "testing/literally.h"

namespace engine::contract {
namespace {

constexpr uint64_t limit = 0xfffff;

// Makes calls as a harness does. Only the judge of its duties listens.
class Harness {
 public:
  Harness() {
    for (size_t i = 0; i < function_count; i++) history_.tell(static_cast<Function>(i), duties_);
    caller_.use(port::fixed::variant);
    port::fixed::variant.reset();
  }
  void cache_get() { make(Call(Function::cache_get)); }
  void cache_put() { make(Call(Function::cache_put)); }
  void init(Domain& domain) {
    Call call(Function::init_domain, &domain);
    call.size = 4096;
    call.pfn = 1;
    make(call);
  }
  void init_rcaches(Domain& domain) { make(Call(Function::init_rcaches, &domain)); }
  void put(Domain& domain) { make(Call(Function::put_domain, &domain)); }
  void* alloc(Domain& domain) { return request(Function::alloc, domain, 1).iova; }
  uint64_t alloc_fast(Domain& domain, uint64_t size) {
    return request(Function::alloc_fast, domain, size).lo;
  }
  void free_fast(Domain& domain, uint64_t pfn, uint64_t size) {
    Call call(Function::free_fast, &domain);
    call.pfn = pfn;
    call.size = size;
    make(call);
  }
  void free_iova(Domain& domain, void* iova) {
    Call call(Function::free_iova, &domain);
    call.iova = iova;
    make(call);
  }
  void queue(Domain& domain, uint64_t pfn, list_head& pages) {
    Call call(Function::queue, &domain);
    call.pfn = pfn;
    call.size = 1;
    call.pages = &pages;
    make(call);
  }

 private:
  Call request(Function function, Domain& domain, uint64_t size) {
    Call call(function, &domain);
    call.size = size;
    call.limit = limit;
    call.aligned = call.flush = true;
    return make(call);
  }
  Call make(Call call) {
    caller_.make(call);
    return call;
  }

  History history_;
  Books books_;
  Position position_;
  Looker looker_{history_, books_};
  ShimEvents events_{history_, books_, position_, looker_};
  Caller caller_{history_, events_};
  Scene scene_{books_, position_, looker_, &port::fixed::variant};
  Duties duties_{scene_};
};

// An error of the harness, with the finding that it raises.
struct Misuse {
  const char* name;
  const shim::Oracle* oracle;
  const char* function;
  void (*commit)(Harness& h, Domain& domain, Domain& other);
};

const Misuse misuses[] = {
    {"AllocatesInADomainThatIsNotInitialized", &oracle::contract_no_domain, "alloc_iova",
     [](Harness& h, Domain&, Domain& other) { h.alloc(other); }},
    {"AllocatesAfterPut", &oracle::contract_no_domain, "alloc_iova_fast",
     [](Harness& h, Domain& domain, Domain&) {
       h.put(domain);
       h.alloc_fast(domain, 1);
     }},
    {"PutsTwice", &oracle::contract_no_domain, "put_iova_domain",
     [](Harness& h, Domain& domain, Domain&) {
       h.put(domain);
       h.put(domain);
     }},
    {"InitializesTwice", &oracle::contract_init_twice, "init_iova_domain",
     [](Harness& h, Domain& domain, Domain&) { h.init(domain); }},
    {"InitializesRcachesTwice", &oracle::contract_init_twice, "iova_domain_init_rcaches",
     [](Harness& h, Domain& domain, Domain&) { h.init_rcaches(domain); }},
    {"AllocatesWithoutTheCache", &oracle::contract_cache_not_held, "alloc_iova",
     [](Harness& h, Domain& domain, Domain& other) {
       h.put(domain);
       h.init(other);
       h.cache_put();
       h.alloc(other);
     }},
    {"PutsACacheThatItDoesNotHold", &oracle::contract_cache_not_held, "iova_cache_put",
     [](Harness& h, Domain& domain, Domain&) {
       h.put(domain);
       h.cache_put();
       h.cache_put();
     }},
    {"AllocatesFastWithoutRcaches", &oracle::contract_no_rcaches, "alloc_iova_fast",
     [](Harness& h, Domain&, Domain& other) {
       h.init(other);
       h.alloc_fast(other, 1);
     }},
    {"FreesTwice", &oracle::contract_free_foreign, "free_iova_fast",
     [](Harness& h, Domain& domain, Domain&) {
       uint64_t pfn = h.alloc_fast(domain, 1);
       h.free_fast(domain, pfn, 1);
       h.free_fast(domain, pfn, 1);
     }},
    {"FreesWhatItWasNotGiven", &oracle::contract_free_foreign, "free_iova_fast",
     [](Harness& h, Domain& domain, Domain&) { h.free_fast(domain, 100, 1); }},
    {"FreesWithAnotherSize", &oracle::contract_free_size, "free_iova_fast",
     [](Harness& h, Domain& domain, Domain&) { h.free_fast(domain, h.alloc_fast(domain, 2), 1); }},
    {"FreesANodeTwice", &oracle::contract_free_foreign, "__free_iova",
     [](Harness& h, Domain& domain, Domain&) {
       void* iova = h.alloc(domain);
       h.free_iova(domain, iova);
       h.free_iova(domain, iova);
     }},
    {"QueuesWithoutAQueue", &oracle::contract_no_queue, "queue_iova",
     [](Harness& h, Domain& domain, Domain&) {
       list_head none;
       INIT_LIST_HEAD(&none);
       h.queue(domain, h.alloc_fast(domain, 1), none);
     }},
};

void PrintTo(const Misuse& misuse, std::ostream* out) { *out << misuse.name; }

class Misused : public testing::TestWithParam<Misuse> {
 protected:
  static void commit(const Misuse& misuse) {
    shim::reset_world(2);
    Harness h;
    Domain domain, other;
    for (Domain* fresh : {&domain, &other})
      fresh->memory = shim::new_object(shim::ObjectKind::kmalloc, nullptr,
                                       port::fixed::variant.domain_size, 16, true, SHIM_SITE)
                          .memory;
    h.cache_get();
    h.init(domain);
    h.init_rcaches(domain);
    shim::set_finding_handler([](const shim::Finding& finding) {
      fmt::print(stderr, "{} in {} by the {}\n", finding.oracle->id, finding.function,
                 shim::name(finding.blame));
      return false;
    });
    misuse.commit(h, domain, other);
  }
};

TEST_P(Misused, BreachIsTheHarnesssDoing) {
  EXPECT_DEATH(commit(GetParam()),
               literally(fmt::format("{} in {} by the harness\n", GetParam().oracle->id,
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
}  // namespace engine::contract
