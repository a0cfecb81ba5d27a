// SPDX-License-Identifier: GPL-2.0-only
#include "triage/variants.h"

#include <fmt/format.h>

#include "iova/port_variants.h"
#include "triage/commands.h"

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
  if (!choice.kernel.empty())
    throw Failure("--kernel is not available yet: only the port's revisions can be run");
  if (!choice.defect.empty())
    throw Failure("--defect is not available yet: only the port's revisions can be run");
  std::string names;
  for (const Named& named : all) {
    if (choice.revision == named.revision) return named;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", named.revision);
  }
  throw Failure(fmt::format("unknown revision '{}': there are {}", choice.revision, names));
}

}  // namespace

void VariantChoice::add_options(CLI::App& command) {
  command.add_option("--revision", revision, "revision of the port: 6.1, 6.12, 7.3 or fixed")
      ->capture_default_str();
  command.add_option("--kernel", kernel, "a kernel tree (not available yet)");
  command.add_option("--defect", defect, "a planted defect (not available yet)");
}

const iova_variant& VariantChoice::variant() const { return *find(*this).variant; }
std::string VariantChoice::column() const { return find(*this).column; }

}  // namespace triage
