// SPDX-License-Identifier: GPL-2.0-only
#include "iova/module.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "iova/iova.h"
#include "iova/port_variants.h"

namespace port::IOVAFUZZ_PORT {
namespace {

#ifdef IOVAFUZZ_DEFECT_CHOSEN_BY_VARIANT
// Each run begins with reset(), which plants the defect.
template <bool Defects::*flag>
void add_planted(std::vector<iova_variant>& variants) {
  constexpr Defects only = defects_with(flag);
  if constexpr (PlantedRevision(revisions::IOVAFUZZ_REVISION, only) == revision) {
    static constexpr auto name = variant_name(variant_names::IOVAFUZZ_REVISION, only);
    iova_variant planted = variant;
    planted.name = name.data();
    planted.reset = [] {
      defect = defects_with(flag);
      variant.reset();
    };
    variants.push_back(planted);
  }
}

std::vector<iova_variant> all_variants() {
  std::vector<iova_variant> all;
#define DEFECT(flag, ...) add_planted<&Defects::flag>(all);
#include "iova/defects.inc"
#undef DEFECT
  return all;
}
#else
std::vector<iova_variant> all_variants() { return {variant}; }
#endif

}  // namespace
}  // namespace port::IOVAFUZZ_PORT

const iova_variant* port_module_variant(const char* defect) {
  static const std::vector<iova_variant> all = port::IOVAFUZZ_PORT::all_variants();
  for (const iova_variant& variant : all) {
    std::string_view name = variant.name;
    if (name.substr(std::min(name.find('+'), name.size() - 1) + 1) == defect) return &variant;
  }
  return nullptr;
}
