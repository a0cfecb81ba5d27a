// SPDX-License-Identifier: GPL-2.0-only
// A file with KUnit suites, compiled against an allocator's own headers and loaded with it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "iova/variant.h"
#include "shim/kunit.h"
#include "tool/support/files.h"
#include "tool/variants/kernel_tree.h"
#include "tool/variants/variants.h"

namespace tool {

struct KunitModule {
  std::vector<kunit_suite*> suites;
  const iova_variant* variant;                   // that the suites call
  std::string own_files;                         // what paths of the suites' own files begin with
  void* library;                                 // of dlopen(); it stays
  std::shared_ptr<TemporaryFolder> folder = {};  // of the shared object, which reports read
};

// What a suite takes for granted that is not there: "NAME=VALUE" or "NAME(x)=VALUE", as -D takes
// it.
using Definitions = std::vector<std::string>;

// Compiles the file, which takes half a second, beside the allocator, which is built if need be.
// Throws Failure: it cannot be compiled, and what the shim lacks, or it has no suites.
KunitModule load_kunit(const std::string& file, const VariantChoice& choice,
                       const Definitions& definitions);
// For a tree that is built already: with kunit_library() of it.
KunitModule load_kunit(const std::string& file, const KernelTree& tree,
                       const Definitions& definitions);
// The build target of what suites are linked with.
std::string kunit_library(const KernelTree& tree);

}  // namespace tool
