// SPDX-License-Identifier: GPL-2.0-only
// The port's revisions as variants. Which of them are linked is the build's choice.
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
