// SPDX-License-Identifier: GPL-2.0-only
// Interface of judges that know why an allocator refused a request that fits: each known cause has
// an oracle of its own.
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
    std::string values;  // details for the report
  };
  // Valid at the end of the call, before the next one.
  virtual Cause explain_refusal(const Domain& domain, const Request& request) const = 0;

 protected:
  ~Explanation() = default;
};

}  // namespace engine::contract
