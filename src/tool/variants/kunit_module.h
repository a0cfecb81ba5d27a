// SPDX-License-Identifier: GPL-2.0-only
// Compiles a file with KUnit suites against an allocator's headers and loads it with that
// allocator.
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
  const iova_variant* variant;                   // the allocator that the suites call
  std::string own_files;                         // prefix of the paths of the suites' own files
  void* library;                                 // from dlopen(); never closed
  std::shared_ptr<TemporaryFolder> folder = {};  // of the shared object, which reports read
};

// Definitions that a suite needs and the tree lacks: "NAME=VALUE" or "NAME(x)=VALUE", as for -D.
using Definitions = std::vector<std::string>;

// Builds the allocator if need be and compiles the file, which takes half a second. Throws Failure
// if the file cannot be compiled (the message names what the shim lacks) or has no suites.
KunitModule load_kunit(const std::string& file, const VariantChoice& choice,
                       const Definitions& definitions);
// The same for a tree whose kunit_library() is built already.
KunitModule load_kunit(const std::string& file, const KernelTree& tree,
                       const Definitions& definitions);
// The build target of the library that suites are linked with.
std::string kunit_library(const KernelTree& tree);

}  // namespace tool
