// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <random>

#include "program/printing_test.h"
#include "shim/fault.h"

namespace program {
namespace {

using Bytes = std::vector<uint8_t>;

// All values of an operand that a canonical program can have and that are worth testing.
std::vector<Value> values_of(Role role) {
  const RoleSpec& r = spec(role);
  std::vector<Value> values(r.pool.begin(), r.pool.end());
  std::vector<uint64_t> borders;
  for (unsigned bit = 0; bit < 64; bit++)
    for (uint64_t offset : {-1, 0, 1}) borders.push_back((uint64_t{1} << bit) + offset);
  borders.push_back(~uint64_t{0});
  borders.push_back(0x123456789abcdef);
  switch (r.kind) {
    case Kind::bits:
      for (uint64_t n = r.low; n <= r.high; n++) values.push_back({0, n});
      break;
    case Kind::number:
      borders.push_back(r.low);
      borders.push_back(r.high);
      for (uint64_t n : borders)
        if (n >= r.low && n <= r.high) values.push_back({0, n});
      break;
    case Kind::pfn:
      for (uint16_t base = 0; base < base_count; base++)
        for (uint64_t n : borders) values.insert(values.end(), {{base, n}, {base, -n}});
      break;
    case Kind::mask:
      for (uint64_t n : borders)
        if (n) values.push_back({0, n});
      for (unsigned ones = 1; ones <= 64; ones++)
        values.push_back({0, ~uint64_t{0} >> (64 - ones)});
      for (uint16_t shift : {1, 63, 64, 100, 190, 191, 1000, 1984})
        for (uint64_t n : borders)
          if (n % 2 && std::bit_width(n) + shift > 64) values.push_back({shift, n});
      break;
  }
  std::erase_if(values, [&](Value v) { return !r.allows(v); });
  return values;
}

// Visits each operation with each operand at each value and the others at their fallback.
template <class Visit>
void each_operation(Visit visit) {
  for (const OperationSpec& op : operations()) {
    visit(make(op.code));
    for (uint8_t domain = 1; op.on_domain && domain < max_domains; domain++) {
      Operation operation = make(op.code);
      operation.domain = domain;
      visit(operation);
    }
    for (size_t i = 0; i < op.operands.size(); i++)
      for (const Value& value : values_of(op.operands[i].role)) {
        Operation operation = make(op.code);
        operation.operands[i] = value;
        visit(operation);
      }
  }
}

Bytes random_bytes(std::mt19937_64& random, size_t max_size) {
  Bytes bytes(random() % (max_size + 1));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST(Codec, EmptyInputIsTheEmptyProgram) {
  EXPECT_TRUE(decode(Bytes{}).operations.empty());
  EXPECT_TRUE(encode(Program{}).empty());
}

TEST(Codec, EveryOperationSurvivesBytes) {
  each_operation([](const Operation& operation) {
    Program program{{operation}};
    ASSERT_EQ(decode(encode(program)), program);
  });
}

TEST(Codec, EveryOperationSurvivesText) {
  each_operation([](const Operation& operation) {
    Program program{{operation}};
    ASSERT_EQ(parse(print(program)), program);
  });
}

TEST(Codec, OperationsWithAllOperandsGivenSurviveBytesAndText) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; round++) {
    Program program;
    for (const OperationSpec& op : operations()) {
      Operation operation = make(op.code);
      if (op.on_domain) operation.domain = static_cast<uint8_t>(random() % max_domains);
      for (size_t i = 0; i < op.operands.size(); i++) {
        static std::vector<Value> pools[role_count];
        auto& pool = pools[static_cast<size_t>(op.operands[i].role)];
        if (pool.empty()) pool = values_of(op.operands[i].role);
        operation.operands[i] = pool[random() % pool.size()];
      }
      program.operations.push_back(operation);
    }
    ASSERT_EQ(decode(encode(program)), program);
    ASSERT_EQ(parse(print(program)), program);
  }
}

TEST(Codec, DecodedRandomBytesSurviveEncodingAndEncodeStably) {
  std::mt19937_64 random(2);
  const int rounds = getenv("IOVAFUZZ_LONG") ? 1'000'000 : 20'000;
  for (int round = 0; round < rounds; round++) {
    // Most inputs are short, so that they end at every place in an operation.
    Program program = decode(random_bytes(random, round % 10 ? 64 : 4096));
    Bytes canonical = encode(program);
    Program again = decode(canonical);
    ASSERT_EQ(again, program) << "round " << round;
    ASSERT_EQ(encode(again), canonical) << "round " << round;
  }
}

TEST(Codec, DecodedRandomBytesSurviveText) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; round++) {
    Program program = decode(random_bytes(random, round % 10 ? 64 : 4096));
    ASSERT_EQ(parse(print(program)), program) << "round " << round;
  }
}

TEST(Codec, OpcodesWithoutAnOperationStandForAnother) {
  for (uint8_t opcode = operation_count; opcode < 32; opcode++)
    EXPECT_EQ(decode(Bytes{opcode}), decode(Bytes{static_cast<uint8_t>(opcode - operation_count)}));
}

TEST(Codec, DomainBitsOfOperationsWithoutADomainAreIgnored) {
  EXPECT_EQ(decode(Bytes{0x60}), decode(Bytes{0x00}));
  EXPECT_EQ(decode(Bytes{0x61}).operations[0].domain, 3);
}

TEST(Codec, MissingBytesReadAsZero) {
  Bytes head{0x80 | static_cast<uint8_t>(OpCode::alloc)};
  Bytes padded = head;
  padded.resize(5);
  Program program = decode(head);
  EXPECT_EQ(program, decode(padded));
  EXPECT_EQ(print(program), "alloc\n");
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 255, 7})), "alloc size=7\n");
}

TEST(Codec, ValuesOutOfRangeAreTakenModuloTheRange) {
  EXPECT_EQ(print(decode(Bytes{0x81, 15})), "init granule=4 start=dma32-1\n");
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 252, 0})), "alloc\n");
}

TEST(Codec, PoolBytesAreTakenModuloThePool) {
  size_t sizes = spec(Role::size).pool.size();
  Bytes wrapped{0x86, 0, static_cast<uint8_t>(sizes + 2)};
  EXPECT_EQ(print(decode(wrapped)), "alloc size=3\n");
}

TEST(Codec, RawValuesAreLittleEndian) {
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 253, 0x34, 0x12})), "alloc size=0x1234\n");
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 254, 0x78, 0x56, 0x34, 0x12})), "alloc size=0x12345678\n");
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 255, 0, 0, 0, 0, 1, 0, 0, 0})), "alloc size=0x100000000\n");
}

TEST(Codec, RawPfnsHaveBaseAndSign) {
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 0, 0xc0 | 0x20 | 5, 9})), "alloc limit=dma32-9\n");
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 0, 0xc0 | 5, 9})), "alloc limit=dma32+9\n");
  EXPECT_EQ(print(decode(Bytes{0x86, 0, 0, 0xc0 | 8, 0x34, 0x12})), "alloc limit=0x1234\n");
}

TEST(Codec, StartOfADomainIsNeverRelativeToItself) {
  EXPECT_EQ(print(decode(Bytes{0x81, 12, 0xc0 | 1, 77})), "init start=77\n");
}

TEST(Codec, MaskBytesNameBitsAndRunsOfBits) {
  EXPECT_EQ(print(decode(Bytes{0x83, 4})), "fail 0x10\n");
  EXPECT_EQ(print(decode(Bytes{0x83, 64})), "fail 0x3\n");
  EXPECT_EQ(print(decode(Bytes{0x83, 126})), "fail 0xffffffffffffffff\n");
  EXPECT_EQ(print(decode(Bytes{0x83, 127})), "fail 0x1<<64\n");
  EXPECT_EQ(print(decode(Bytes{0x83, 253})), "fail 0x1<<190\n");
  EXPECT_EQ(print(decode(Bytes{0x83, 254, 0xc0, 7, 1})), "fail 0x1<<1984\n");
  EXPECT_EQ(print(decode(Bytes{0x83, 255, 5, 1})), "fail 0x105\n");
}

TEST(Codec, EmptyMaskIsTheFirstAttempt) {
  EXPECT_EQ(print(decode(Bytes{0x83, 255})), "fail 0x1\n");
}

TEST(Codec, MasksStayWithinThePlan) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 10'000; round++) {
    Bytes bytes{0x83, static_cast<uint8_t>(random())};
    for (int i = 0; i < 10; i++) bytes.push_back(static_cast<uint8_t>(random()));
    const Value mask = decode(bytes).operations[0].operands[0];
    ASSERT_NE(mask.number, 0u);
    ASSERT_LE(mask.base + std::bit_width(mask.number), shim::max_planned_attempts);
  }
}

TEST(Codec, OperationsBeyondTheCapAreIgnored) {
  EXPECT_EQ(decode(Bytes(max_operations + 1)).operations.size(), max_operations);
}

TEST(Codec, CallsBeyondTheCapAreIgnored) {
  std::string text;
  for (size_t i = 0; i < max_calls / max_count; i++) text += "alloc x1024\n";
  Program program = parse(text);
  Bytes bytes = encode(program);
  EXPECT_EQ(decode(bytes), program);
  bytes.push_back(0);
  EXPECT_EQ(decode(bytes), program);
}

TEST(Codec, CountsTheBytesThatItUses) {
  std::string text;
  for (size_t i = 0; i < max_calls / max_count; i++) text += "alloc x1024\n";
  const Bytes whole = encode(parse(text));
  Bytes longer = whole;
  for (uint8_t byte : encode(parse("alloc x2\nput\n"))) longer.push_back(byte);
  Program program;
  EXPECT_EQ(decode(longer, program), whole.size());
  EXPECT_EQ(program.operations.size(), max_calls / max_count);
  EXPECT_EQ(decode(whole, program), whole.size());
}

// The format of stored corpora: changing these bytes changes the meaning of stored inputs.
TEST(Codec, BytesOfTheFormat) {
  const std::pair<const char*, Bytes> golden[] = {
      {"cpus 2\n", {0x0a}},
      {"cache_get\n", {0x00}},
      {"init\n", {0x01}},
      {"fail 0x10\n", {0x83, 0x04}},
      {"init_rcaches\n", {0x02}},
      {"put\n", {0x08}},
      {"cache_put\n", {0x09}},
      {"cpus 8\n", {0x8a, 0x07}},
      {"init domain=3 granule=1 start=0x123\n", {0xe1, 0x00, 0xc8, 0x23, 0x01}},
      {"fail 0xf0f\n", {0x83, 0xff, 0x0f, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
      {"fail 0x1<<70\n", {0x83, 0x85}},
      {"fail 0x3\n", {0x83, 0x40}},
      {"alloc_fast slot=c no_flush size=31 limit=start+7 x255\n", {0x84, 0x12, 0x0c, 0x0b, 0x0e}},
      {"free_fast slot=c oldest x300\n", {0x85, 0x12, 0xfd, 0x2c, 0x01}},
      {"alloc domain=1 unaligned size=0x12345 limit=dma64-1\n",
       {0xa6, 0x10, 0xfe, 0x45, 0x23, 0x01, 0x00, 0x01, 0x00}},
      {"free at=last\n", {0x87, 0x40, 0x00}},
      {"__free slot=p oldest at=middle x2\n", {0x92, 0x3f, 0x01}},
      {"reserve slot=b lo=dma32-0x200 size=64\n", {0x8f, 0x01, 0xed, 0x00, 0x02, 0x11}},
      {"find slot=b at=last\n", {0x90, 0x41}},
      {"find_pfn start-1\n", {0x91, 0x07}},
      {"tick 100\n", {0x0e}},
      {"tick 0x1234\n", {0x8e, 0xfd, 0x34, 0x12}},
      {"cpu 1\n", {0x0b}},
      {"offline 1\n", {0x0c}},
      {"online 1\n", {0x0d}},
  };
  for (const auto& [text, bytes] : golden) {
    EXPECT_EQ(encode(parse(text)), bytes) << text;
    EXPECT_EQ(print(decode(bytes)), text);
  }
}

}  // namespace
}  // namespace program
