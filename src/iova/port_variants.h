// SPDX-License-Identifier: GPL-2.0-only
// The port's revisions as variants, and the namespace of the one that is being compiled. The build
// chooses which revisions are linked.
#pragma once

#include "iova/revision.h"
#include "iova/variant.h"

namespace port {

#define PORT_REVISION(identifier, name, version, trees) \
  namespace identifier {                                \
  extern const iova_variant variant;                    \
  }
#include "iova/revisions.inc"
#undef PORT_REVISION

// For programs that link all of them; in the order of revisions.inc.
struct NamedVariant : NamedRevision {
  const iova_variant* variant;
};

inline constexpr NamedVariant variants[] = {
#define PORT_REVISION(identifier, name, version, trees) \
  {{#identifier, name, version}, &identifier::variant},
#include "iova/revisions.inc"
#undef PORT_REVISION
};

}  // namespace port

// The build defines IOVAFUZZ_REVISION, an identifier of revisions.inc, and IOVAFUZZ_DEFECT, a flag
// of defects.inc, if a defect is planted. Each combination has a namespace of its own.
#ifdef IOVAFUZZ_DEFECT
#define IOVAFUZZ_PORT IOVAFUZZ_REVISION::IOVAFUZZ_DEFECT
namespace port::IOVAFUZZ_PORT {
extern const iova_variant variant;
}
#else
#define IOVAFUZZ_PORT IOVAFUZZ_REVISION
#endif
