// SPDX-License-Identifier: GPL-2.0-only
#include "program/operation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace program {
namespace {

TEST(Operations, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const OperationSpec& op : operations()) EXPECT_TRUE(names.insert(op.name).second) << op.name;
}

TEST(Operations, AreFoundByName) {
  for (const OperationSpec& op : operations()) EXPECT_EQ(find_operation(op.name), &op);
  EXPECT_EQ(find_operation("alloc_"), nullptr);
  EXPECT_EQ(find_operation(""), nullptr);
}

TEST(Operations, FitTheOpcodeBitsOfTheHead) { EXPECT_LE(operation_count, 32u); }

TEST(Operations, HaveAtMostOneOperandOfARole) {
  for (const OperationSpec& op : operations()) {
    std::set<Role> roles;
    for (const OperandSpec& operand : op.operands)
      EXPECT_TRUE(roles.insert(operand.role).second) << op.name;
    EXPECT_LE(op.operands.size(), std::tuple_size_v<decltype(Operation::operands)>) << op.name;
  }
}

TEST(Operations, HaveAtMostOnePositionalOperand) {
  for (const OperationSpec& op : operations())
    EXPECT_LE(
        std::count_if(op.operands.begin(), op.operands.end(),
                      [](const OperandSpec& o) { return spec(o.role).written == Written::alone; }),
        1)
        << op.name;
}

TEST(Operations, PackTheirSmallOperandsWithoutGaps) {
  for (const OperationSpec& op : operations()) {
    bool seen_other = false;
    for (const OperandSpec& operand : op.operands) {
      bool small = spec(operand.role).kind == Kind::bits;
      EXPECT_FALSE(small && seen_other) << op.name;
      seen_other |= !small;
    }
  }
}

TEST(Operations, HaveFallbacksWithinRange) {
  for (const OperationSpec& op : operations())
    for (const OperandSpec& operand : op.operands) {
      const RoleSpec& role = spec(operand.role);
      EXPECT_GE(operand.fallback.number, role.low) << op.name << " " << role.key;
      EXPECT_LE(operand.fallback.number, role.high) << op.name << " " << role.key;
      EXPECT_LT(operand.fallback.base, base_count) << op.name << " " << role.key;
    }
}

TEST(Operations, HaveAPlaceInMutation) {
  for (const OperationSpec& op : operations()) EXPECT_GT(op.weight, 0) << op.name;
}

TEST(Operations, SayWhatTheyAreFor) {
  for (const OperationSpec& op : operations()) EXPECT_STRNE(op.meaning, "") << op.name;
}

TEST(Roles, HaveKeysOfTheirOwn) {
  std::set<std::string> keys;
  for (size_t i = 0; i < role_count; i++)
    EXPECT_TRUE(keys.insert(spec(static_cast<Role>(i)).key).second);
}

TEST(Roles, OfBitsFitAByte) {
  for (size_t i = 0; i < role_count; i++) {
    const RoleSpec& role = spec(static_cast<Role>(i));
    if (role.kind != Kind::bits) continue;
    EXPECT_GE(role.bits(), 1u) << role.key;
    EXPECT_LE(role.bits(), 8u) << role.key;
  }
}

TEST(Roles, PoolsFitTheirByteAndTheRange) {
  for (size_t i = 0; i < role_count; i++) {
    const RoleSpec& role = spec(static_cast<Role>(i));
    bool pooled = role.kind == Kind::number || role.kind == Kind::pfn;
    EXPECT_EQ(!role.pool.empty(), pooled) << role.key;
    EXPECT_LE(role.pool.size(), role.kind == Kind::pfn ? 192u : 252u) << role.key;
    for (const Value& value : role.pool) {
      EXPECT_LT(value.base, base_count) << role.key;
      if (role.kind == Kind::pfn) continue;
      EXPECT_EQ(value.base, 0) << role.key;
      EXPECT_GE(value.number, role.low) << role.key;
      EXPECT_LE(value.number, role.high) << role.key;
    }
  }
}

TEST(Roles, NameEachOfTheirValues) {
  for (size_t i = 0; i < role_count; i++) {
    const RoleSpec& role = spec(static_cast<Role>(i));
    if (role.names.empty()) continue;
    EXPECT_EQ(role.names.size(), role.high - role.low + 1) << role.key;
    EXPECT_EQ(role.low, 0u) << role.key;
  }
}

TEST(Roles, PoolsHoldEveryValueOnce) {
  for (size_t i = 0; i < role_count; i++) {
    const RoleSpec& role = spec(static_cast<Role>(i));
    std::set<std::pair<uint16_t, uint64_t>> seen;
    for (const Value& value : role.pool)
      EXPECT_TRUE(seen.insert({value.base, value.number}).second)
          << role.key << " " << value.number;
  }
}

TEST(Operations, OfAUseAreThoseWhoseRowsNameIt) {
  for (uint8_t use : {uses::edges, uses::queue, uses::rcache, uses::tree, uses::init, uses::cost}) {
    auto codes = operations_of(use);
    for (const OperationSpec& op : operations())
      EXPECT_EQ(std::find(codes.begin(), codes.end(), op.code) != codes.end(), bool(op.uses & use))
          << op.name;
  }
}

TEST(Operation, MadeHasItsFallbacks) {
  Operation alloc = make(OpCode::alloc);
  EXPECT_EQ(alloc.domain, 0);
  EXPECT_EQ(value(alloc, Role::size).number, 1u);
  EXPECT_EQ(value(alloc, Role::limit), (Value{static_cast<uint16_t>(Base::dma32), ~uint64_t{0}}));
  EXPECT_EQ(value(alloc, Role::count).number, 1u);
}

TEST(Operation, StandsForAsManyCallsAsItsCount) {
  Operation alloc = make(OpCode::alloc_fast);
  alloc.operands[operand_index(OpCode::alloc_fast, Role::count)] = {0, 256};
  EXPECT_EQ(calls(alloc), 256u);
  EXPECT_EQ(calls(make(OpCode::put)), 1u);
}

TEST(Operation, HasNoIndexForAnOperandItLacks) {
  EXPECT_EQ(operand_index(OpCode::put, Role::size), -1);
  EXPECT_EQ(operand_index(OpCode::init, Role::granule), 0);
  EXPECT_EQ(operand_index(OpCode::init, Role::start), 1);
}

}  // namespace
}  // namespace program
