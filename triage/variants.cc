// SPDX-License-Identifier: GPL-2.0-only
#include "triage/variants.h"

#include <fmt/format.h>

#include <cstring>

#include "iova/port_variants.h"
#include "triage/build.h"
#include "triage/commands.h"
#include "triage/defect.h"
#include "triage/kernel.h"

namespace triage {
namespace {

using Named = port::NamedVariant;

std::string names() {
  std::string names;
  for (const Named& named : port::variants)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", named.name);
  return names;
}

// NULL for what is no revision of the port.
const Named* find(const iova_variant& port) {
  for (const Named& named : port::variants)
    if (named.variant == &port) return &named;
  return nullptr;
}

const Named& find(const VariantChoice& choice) {
  for (const Named& named : port::variants)
    if (choice.revision == named.name) return named;
  throw Failure(fmt::format("unknown revision '{}': there are {}", choice.revision, names()));
}

}  // namespace

void VariantChoice::add_options(CLI::App& command) {
  CLI::Option* tree = command.add_option(
      "--kernel", kernel, "a kernel tree's own iova.c: a path, or debian:VERSION of linux-source");
  command.add_option("--revision", revision, "revision of the port: " + names())
      ->capture_default_str()
      ->excludes(tree);
  command.add_option("--defect", defect, "a defect planted in the revision (list defects)")
      ->excludes(tree);
}

const iova_variant& VariantChoice::variant() const {
  if (!kernel.empty()) return load_kernel(find_kernel_tree(kernel));
  const Named& named = find(*this);
  return defect.empty() ? *named.variant : load_defect(named.identifier, find_defect(defect));
}

std::string VariantChoice::build_name() const {
  if (!kernel.empty()) return triage::build_name(find_kernel_tree(kernel));
  const Named& named = find(*this);
  if (defect.empty()) return named.identifier;
  return triage::build_name(named.identifier, find_defect(defect));
}

std::filesystem::path VariantChoice::library() const {
  if (!kernel.empty()) return module_of(find_kernel_tree(kernel)).file;
  const Named& named = find(*this);
  if (!defect.empty()) return module_of(named.identifier, find_defect(defect)).file;
  return build_folder() / "src" / fmt::format("libport_{}.a", named.identifier);
}

std::string VariantChoice::options() const {
  if (!kernel.empty()) return fmt::format("--kernel {} ", kernel);
  std::string words;
  if (revision != VariantChoice().revision) words += fmt::format("--revision {} ", revision);
  if (!defect.empty()) words += fmt::format("--defect {} ", defect);
  return words;
}

VariantChoice parse_variant(const std::string& word) {
  VariantChoice choice;
  bool tree = word.find_first_of(":/") != std::string::npos;
  if (tree) {
    choice.kernel = word;
    return choice;
  }
  size_t plus = word.find('+');
  choice.revision = word.substr(0, plus);
  if (plus != std::string::npos) choice.defect = word.substr(plus + 1);
  return choice;
}

std::string revision_of(const iova_variant& port) {
  const Named* named = find(port);
  return named ? named->name : "";
}

std::string column_of(const iova_variant& port) {
  const Named* named = find(port);
  return named ? named->identifier : "";
}

const iova_variant* likeness(const iova_variant& kernel) {
  for (const Named& named : port::variants)
    if (kernel.like && !strcmp(named.identifier, kernel.like)) return named.variant;
  return nullptr;
}

}  // namespace triage
