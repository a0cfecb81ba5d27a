// SPDX-License-Identifier: GPL-2.0-only
// Which allocator a command works on: the options --revision, --kernel, --defect.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "iova/variant.h"

namespace triage {

struct VariantChoice {
  std::string revision = "fixed";
  std::string kernel = "";
  std::string defect = "";

  void add_options(CLI::App& command);
  // Builds a kernel tree's, or one with a defect, if need be. Throws Failure if there is no such
  // variant.
  const iova_variant& variant() const;
  // The name of the variant's build targets and folder: an identifier of revisions.inc, with
  // "+" and the defect if there is one, or a tree's.
  std::string build_name() const;
  // What a program that is not the tool links to have it, once variant() has been called.
  std::filesystem::path library() const;
  // The options that choose it again, with a space behind; empty for the default.
  std::string options() const;
};

// From one word: "6.12" is a revision of the port, "6.12+no-second-pass" one with a defect,
// "debian:6.12" or a path a kernel tree.
VariantChoice parse_variant(const std::string& word);

// The name of the revision that a variant of the port has.
std::string revision_of(const iova_variant& port);

// Its identifier in revisions.inc; "" for everything else.
std::string column_of(const iova_variant& port);

// The revision of the port that a kernel tree's variant should equal; NULL if there is none.
const iova_variant* likeness(const iova_variant& kernel);

}  // namespace triage
