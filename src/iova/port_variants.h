// SPDX-License-Identifier: GPL-2.0-only
// The port's revisions as variants, and the one that is compiled at hand. Which of them are linked
// is the build's choice.
#pragma once

#include "iova/variant.h"

namespace port {
#define PORT_REVISION(column, name) \
  namespace column {                \
  extern const iova_variant variant; \
  }
#include "iova/revisions.inc"
#undef PORT_REVISION
}  // namespace port

// IOVAFUZZ_REVISION, a column of behaviours.inc, is given by the build; so is IOVAFUZZ_DEFECT, a
// flag of defects.inc, if one is planted. Each combination has a namespace of its own.
#ifdef IOVAFUZZ_DEFECT
#define IOVAFUZZ_PORT IOVAFUZZ_REVISION::IOVAFUZZ_DEFECT
namespace port::IOVAFUZZ_PORT {
extern const iova_variant variant;
}
#else
#define IOVAFUZZ_PORT IOVAFUZZ_REVISION
#endif
