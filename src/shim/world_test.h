// SPDX-License-Identifier: GPL-2.0-only
// Helpers of the shim's tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "finding.h"
#include "world.h"

namespace shim {

// Gives each test a fresh world of two CPUs; the test must leave nothing behind.
class WorldTest : public testing::Test {
 protected:
  void SetUp() override { reset_world(2); }
  void TearDown() override {
    if (HasFailure()) return;
    check_end_of_operation("test");
    check_end_of_run();
  }
};

// Runs code, continues after recoverable findings, and returns them.
template <class Code>
std::vector<Finding> findings_of(Code code) {
  static std::vector<Finding> found;
  found.clear();
  set_finding_handler([](const Finding& finding) {
    found.push_back(finding);
    return true;
  });
  code();
  set_finding_handler(nullptr);
  return std::move(found);
}

// The ids of the oracles that code violates.
template <class Code>
std::vector<std::string> oracles_of(Code code) {
  std::vector<std::string> ids;
  for (const Finding& finding : findings_of(code)) ids.push_back(finding.oracle->id);
  return ids;
}

using Ids = std::vector<std::string>;

// A write that no optimizer drops. The value is none of the shim's fill bytes.
[[gnu::noinline]] inline void overwrite(void* memory, ptrdiff_t offset) {
  static_cast<volatile char*>(memory)[offset] = 1;
}

inline bool all_bytes(const void* memory, size_t size, unsigned char value) {
  const unsigned char* bytes = static_cast<const unsigned char*>(memory);
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != value) return false;
  return true;
}

}  // namespace shim
