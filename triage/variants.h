// SPDX-License-Identifier: GPL-2.0-only
// Which allocator a command works on: the options --revision, --kernel, --defect.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "iova/variant.h"

namespace triage {

struct VariantChoice {
  std::string revision = "fixed";
  std::string kernel;
  std::string defect;

  void add_options(CLI::App& command);
  // Throws Failure if there is no such variant, or it is not available yet.
  const iova_variant& variant() const;
  // The revision's column of behaviours.inc, which names build targets and folders.
  std::string column() const;
};

}  // namespace triage
