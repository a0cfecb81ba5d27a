// SPDX-License-Identifier: GPL-2.0-only
// Why an allocator may have refused what fits, for those who know it inside: a refusal of a known
// cause has an oracle of its own.
#pragma once

#include <string>

#include "engine/domain.h"
#include "engine/request.h"
#include "shim/finding.h"

namespace engine::contract {

class Explanation {
 public:
  struct Cause {
    const shim::Oracle* oracle;
    std::string values;  // that belong to it
  };
  // To be asked at the end of the call, before the next.
  virtual Cause explain_refusal(const Domain& domain, const Request& request) const = 0;

 protected:
  ~Explanation() = default;
};

}  // namespace engine::contract
