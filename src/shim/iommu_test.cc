// SPDX-License-Identifier: GPL-2.0-only
#include "iommu.h"

#include "world.h"
#include "world_test.h"

namespace shim {
namespace {

class Iommu : public testing::Test {
 protected:
  Iommu() {
    set_finding_handler(nullptr);
    reset_world(1);
    put.clear();
    flushed.clear();
    set_iommu_handlers({[](const void* domain) { flushed.push_back(domain); },
                        [](const list_head* list) { put.push_back(list); }});
    INIT_LIST_HEAD(&list);
  }
  ~Iommu() override {
    set_iommu_handlers({[](const void*) {}, [](const list_head*) {}});
  }

  static std::vector<const list_head*> put;
  static std::vector<const void*> flushed;
  list_head list;
};
std::vector<const list_head*> Iommu::put;
std::vector<const void*> Iommu::flushed;

TEST_F(Iommu, FlushOfADomainIsTold) {
  iommu_domain domain{&shim_iommu_ops, nullptr};
  domain.ops->flush_iotlb_all(&domain);
  EXPECT_EQ(flushed, std::vector<const void*>{&domain});
}

TEST_F(Iommu, PutPagesAreFreedAndTheListIsEmpty) {
  for (int i = 0; i < 3; i++) shim_add_page(&list, SHIM_SITE);
  EXPECT_EQ(census().pages, 3u);
  put_pages_list(&list);
  EXPECT_EQ(census().pages, 0u);
  EXPECT_TRUE(list_empty(&list));
  EXPECT_EQ(put, std::vector<const list_head*>{&list});
}

TEST_F(Iommu, ATypedListIsLeftAsItWas) {
  iommu_pages_list typed = IOMMU_PAGES_LIST_INIT(typed);
  shim_add_page(&typed.pages, SHIM_SITE);
  iommu_put_pages_list(&typed);
  EXPECT_EQ(census().pages, 0u);
  EXPECT_FALSE(list_empty(&typed.pages));
}

TEST_F(Iommu, EmptyListsAreToldOfToo) {
  put_pages_list(&list);
  EXPECT_EQ(put.size(), 1u);
}

TEST_F(Iommu, SpliceMovesAllToTheFront) {
  list_head other;
  INIT_LIST_HEAD(&other);
  for (list_head* each : {&list, &other})
    for (int i = 0; i < 2; i++) shim_add_page(each, SHIM_SITE);
  list_head *first = list.next, *last = other.prev;
  list_splice(&list, &other);
  EXPECT_EQ(other.next, first);
  EXPECT_EQ(other.prev, last);
  put_pages_list(&other);
  EXPECT_EQ(census().pages, 0u);
}

}  // namespace
}  // namespace shim
