// SPDX-License-Identifier: GPL-2.0-only
// A program as a KUnit suite that stands alone in a kernel tree: calls of linux/iova.h, what the
// contract expects of them, allocations that fail by fault injection.
#pragma once

#include <string>

#include "engine/report.h"
#include "iova/variant.h"
#include "program/program.h"
#include "tool/replay/isolate.h"
#include "tool/support/failure.h"

namespace tool {

// What a KUnit suite cannot say: the flush queue, which is private to dma-iommu.c; failures that no
// fault injection makes.
struct NotInKunit : Failure {
  using Failure::Failure;
};

struct KunitSuite {
  engine::Report report;  // what the program shows
  std::string name;       // of the suite, its file and its Kconfig symbol: "iova_slab_free_null"
  std::string source;     // of name + "_test.c"
  std::string config;     // .kunitconfig
};

// Of what the program shows on the variant; what is right, another allocator tells that has no
// known issue. Throws NotInKunit, or Failure if the program shows nothing.
KunitSuite make_kunit_suite(const program::Program& program, const iova_variant& variant,
                            const iova_variant& right);
KunitSuite make_kunit_suite(const program::Program& program, const iova_variant& variant,
                            const iova_variant& right, Recorder& recorder);

}  // namespace tool
