// SPDX-License-Identifier: GPL-2.0-only
// Which allocator a command works on: the options --revision, --kernel, --defect.
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
  bool contract_only = false;  // no look inside, no reference

  void add_options(CommandLine& line);
  // Builds it if need be. Throws Failure if there is no such variant.
  const iova_variant& variant() const;
  // The name of the variant's build targets and folder: an identifier of revisions.inc, with
  // "+" and the defect if there is one, or a tree's.
  std::string build_name() const;
  // What a program that is not the tool links to have it, once variant() has been called.
  std::filesystem::path library() const;
  // The options that choose it again, with a space behind; empty for the default.
  std::string options() const;

 private:
  const iova_variant& whole_variant() const;
};

// From one word: "6.12" is a revision of the port, "6.12+no-second-pass" one with a defect,
// "debian:6.12" or a path a kernel tree.
VariantChoice parse_variant(const std::string& word);

// What VariantChoice::options() wrote.
VariantChoice choice_of(const std::string& options);

// The names of all revisions of the port.
std::vector<std::string> revisions();

// The revision of the port that a kernel tree's variant should equal; "" if there is none.
std::string likeness(const iova_variant& kernel);

}  // namespace tool
