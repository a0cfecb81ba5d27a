// SPDX-License-Identifier: GPL-2.0-only
// Writes a program as a self-contained KUnit suite for a kernel tree: calls of linux/iova.h,
// expectations from the contract, failing allocations by fault injection.
#pragma once

#include <string>

#include "engine/report.h"
#include "iova/variant.h"
#include "program/program.h"
#include "tool/replay/isolate.h"
#include "tool/support/failure.h"

namespace tool {

// Thrown for programs that KUnit cannot express: the flush queue is private to dma-iommu.c, and
// fault injection cannot make every failure.
struct NotInKunit : Failure {
  using Failure::Failure;
};

struct KunitSuite {
  engine::Report report;  // finding that the program shows
  std::string name;       // name of the suite, its file and its Kconfig symbol:
                          // "iova_slab_free_null"
  std::string source;     // content of name + "_test.c"
  std::string config;     // content of .kunitconfig
};

// Reproduces the finding that the program shows on the variant. Expected results come from `right`,
// an allocator without known issues. Throws NotInKunit, or Failure if the program shows nothing.
KunitSuite make_kunit_suite(const program::Program& program, const iova_variant& variant,
                            const iova_variant& right);
KunitSuite make_kunit_suite(const program::Program& program, const iova_variant& variant,
                            const iova_variant& right, Recorder& recorder);

}  // namespace tool
