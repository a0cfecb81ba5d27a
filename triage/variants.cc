// SPDX-License-Identifier: GPL-2.0-only
#include "triage/variants.h"

#include <fmt/format.h>

#include <cstring>

#include "iova/port_variants.h"
#include "triage/commands.h"
#include "triage/kernel.h"

namespace triage {
namespace {

struct Named {
  const char* revision;
  const char* column;
  const iova_variant* variant;
};

constexpr Named all[] = {
#define PORT_REVISION(column, name) {name, #column, &port::column::variant},
#include "iova/revisions.inc"
#undef PORT_REVISION
};

const Named& find(const VariantChoice& choice) {
  std::string names;
  for (const Named& named : all) {
    if (choice.revision == named.revision) return named;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", named.revision);
  }
  throw Failure(fmt::format("unknown revision '{}': there are {}", choice.revision, names));
}

}  // namespace

void VariantChoice::add_options(CLI::App& command) {
  CLI::Option* tree = command.add_option(
      "--kernel", kernel, "a kernel tree's own iova.c: a path, or debian:VERSION of linux-source");
  command.add_option("--revision", revision, "revision of the port: 6.1, 6.12, 7.3 or fixed")
      ->capture_default_str()
      ->excludes(tree);
  command.add_option("--defect", defect, "a planted defect (not available yet)");
}

const iova_variant& VariantChoice::variant() const {
  if (!defect.empty()) throw Failure("--defect is not available yet");
  return kernel.empty() ? *find(*this).variant : load_kernel(find_kernel_tree(kernel));
}

std::string VariantChoice::build_name() const {
  return kernel.empty() ? find(*this).column : triage::build_name(find_kernel_tree(kernel));
}

std::string VariantChoice::options() const {
  if (!kernel.empty()) return fmt::format("--kernel {} ", kernel);
  return revision == VariantChoice().revision ? "" : fmt::format("--revision {} ", revision);
}

VariantChoice parse_variant(const std::string& word) {
  VariantChoice choice;
  bool tree = word.find_first_of(":/") != std::string::npos;
  (tree ? choice.kernel : choice.revision) = word;
  return choice;
}

std::string revision_of(const iova_variant& port) {
  for (const Named& named : all)
    if (named.variant == &port) return named.revision;
  return "";
}

const iova_variant* likeness(const iova_variant& kernel) {
  for (const Named& named : all)
    if (kernel.like && !strcmp(named.column, kernel.like)) return named.variant;
  return nullptr;
}

}  // namespace triage
