// SPDX-License-Identifier: GPL-2.0-only
#include "llist.h"

#include "context.h"
#include "world_test.h"

namespace shim {
namespace {

std::vector<int> numbers_of(const llist_node* first, const llist_node* zero) {
  std::vector<int> numbers;
  for (; first; first = first->next) numbers.push_back(static_cast<int>(first - zero));
  return numbers;
}

class LockFreeList : public WorldTest {
 protected:
  llist_head list{};
  llist_node nodes[3]{};
};

TEST_F(LockFreeList, NewestComesFirst) {
  EXPECT_TRUE(llist_empty(&list));
  EXPECT_TRUE(llist_add(&nodes[0], &list));
  EXPECT_FALSE(llist_add(&nodes[1], &list));
  EXPECT_FALSE(llist_add(&nodes[2], &list));
  llist_node* all = llist_del_all(&list);
  EXPECT_TRUE(llist_empty(&list));
  EXPECT_EQ(numbers_of(all, nodes), (std::vector<int>{2, 1, 0}));
  EXPECT_EQ(numbers_of(llist_reverse_order(all), nodes), (std::vector<int>{0, 1, 2}));
}

TEST_F(LockFreeList, ElementMayComeBack) {
  llist_add(&nodes[0], &list);
  EXPECT_EQ(llist_del_first(&list), &nodes[0]);
  EXPECT_EQ(llist_del_first(&list), nullptr);
  EXPECT_TRUE(llist_add(&nodes[0], &list));
}

TEST_F(LockFreeList, UpdatesAreSchedulingPoints) {
  static llist_head own;
  static llist_node one, another;
  own.first = nullptr;
  EXPECT_FALSE(start_context([](void*) { llist_add(&one, &own); }, nullptr, 1));
  EXPECT_TRUE(llist_add(&another, &own));
  finish_oldest_context();
  EXPECT_EQ(own.first, &one);
  for (const auto take :
       {+[](void*) { llist_del_first(&own); }, +[](void*) { llist_del_all(&own); }}) {
    EXPECT_FALSE(start_context(take, nullptr, 1));
    EXPECT_FALSE(llist_empty(&own));
    finish_oldest_context();
  }
  EXPECT_TRUE(llist_empty(&own));
}

}  // namespace
}  // namespace shim
