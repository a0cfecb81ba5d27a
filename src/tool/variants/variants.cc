// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/variants.h"

#include <fmt/core.h>

#include <cstring>
#include <map>

#include "engine/views.h"
#include "tool/support/failure.h"
#include "tool/support/words.h"
#include "tool/variants/kernel.h"
#include "tool/variants/kernel_tree.h"
#include "tool/variants/port.h"

namespace tool {
namespace {

using Named = port::NamedRevision;

const Named& find(const std::string& revision) {
  for (const Named& named : port::named_revisions)
    if (revision == named.name) return named;
  throw Failure(unknown_word("revision", revision, revisions()));
}

const port::DefectInfo* defect_of(const VariantChoice& choice) {
  return choice.defect.empty() ? nullptr : &find_defect(choice.defect);
}

}  // namespace

void VariantChoice::add_options(CommandLine& line) {
  line.option(
      "--kernel TREE", kernel,
      "kernel tree to use instead of the port: a path or debian:VERSION; append ,hz=250 or ,locals=zero to build it that way");
  line.option("--revision REVISION", revision, "revision of the port (iovafuzz list revisions)")
      .excludes("--kernel");
  line.option("--defect DEFECT", defect, "defect planted in the revision (iovafuzz list defects)")
      .excludes("--kernel");
  line.flag("--strict", strict,
            "report differences from the port as findings even if they break no promise");
  line.flag("--contract-only", contract_only,
            "judge calls and results alone, without views of the allocator's state")
      .excludes("--strict");
}

const iova_variant& VariantChoice::variant() const {
  const iova_variant& whole = whole_variant();
  if (!contract_only) return whole;
  static std::map<const iova_variant*, iova_variant> all;  // a copy without views, for each variant
  return all.try_emplace(&whole, engine::without_views(whole)).first->second;
}

const iova_variant& VariantChoice::whole_variant() const {
  if (!kernel.empty()) return load_kernel(find_kernel_tree(kernel), strict);
  return load_port(find(revision).identifier, defect_of(*this));
}

std::string VariantChoice::build_name() const {
  if (!kernel.empty()) return tool::build_name(find_kernel_tree(kernel));
  return tool::build_name(find(revision).identifier, defect_of(*this));
}

std::filesystem::path VariantChoice::library() const {
  if (!kernel.empty()) return module_of(find_kernel_tree(kernel)).file;
  return module_of(find(revision).identifier, defect_of(*this)).file;
}

std::string VariantChoice::options() const {
  if (!kernel.empty())
    return fmt::format("--kernel {} {}{}", quoted(absolute_spec(kernel)), strict ? "--strict " : "",
                       contract_only ? "--contract-only " : "");
  std::string words = contract_only ? "--contract-only " : "";
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

VariantChoice choice_of(const std::string& options) {
  VariantChoice choice;
  const std::vector<std::string> words = unquoted(options);
  for (size_t i = 0; i < words.size(); i++) {
    const std::string &word = words[i], &value = i + 1 < words.size() ? words[i + 1] : word;
    if (word == "--strict") choice.strict = true;
    if (word == "--contract-only") choice.contract_only = true;
    for (auto [name, part] : {std::pair{"--kernel", &choice.kernel},
                              {"--revision", &choice.revision},
                              {"--defect", &choice.defect}})
      if (words[i] == name) *part = value;
  }
  return choice;
}

std::vector<std::string> revisions() {
  std::vector<std::string> names;
  for (const Named& named : port::named_revisions) names.push_back(named.name);
  return names;
}

std::string likeness(const iova_variant& kernel) {
  for (const Named& named : port::named_revisions)
    if (kernel.like && !strcmp(named.identifier, kernel.like)) return named.name;
  return "";
}

}  // namespace tool
