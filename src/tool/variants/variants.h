// SPDX-License-Identifier: GPL-2.0-only
// The options that choose a command's allocator: --revision, --kernel, --defect.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "iova/variant.h"
#include "tool/support/command_line.h"

namespace tool {

struct VariantChoice {
  std::string revision = "fixed";
  std::string kernel = "";
  std::string defect = "";
  bool strict = false;         // differences from the reference are findings on any tree
  bool contract_only = false;  // judge by calls and results: no views, no reference

  void add_options(CommandLine& line);
  // Builds and loads the variant if need be. Throws Failure if there is no such variant.
  const iova_variant& variant() const;
  // Name of the variant's build targets and folder: an identifier of revisions.inc, followed by "+"
  // and the defect if there is one; or the name of a tree.
  std::string build_name() const;
  // The shared object that a program outside the tool can link with, once variant() was called.
  std::filesystem::path library() const;
  // Command-line options that choose this variant again, with a trailing space; empty for the
  // default.
  std::string options() const;

 private:
  const iova_variant& whole_variant() const;
};

// Parses one word: "6.12" is a revision of the port, "6.12+no-second-pass" a revision with a
// defect, "debian:6.12" or a path a kernel tree.
VariantChoice parse_variant(const std::string& word);

// Parses the result of VariantChoice::options().
VariantChoice choice_of(const std::string& options);

// The names of all revisions of the port.
std::vector<std::string> revisions();

// The revision of the port that a kernel tree's variant should behave like; "" if there is none.
std::string likeness(const iova_variant& kernel);

}  // namespace tool
