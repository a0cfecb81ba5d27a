// SPDX-License-Identifier: GPL-2.0-only
// Moments of a run as JSON, for exchange between processes and for report pages.
#pragma once

#include "engine/moment.h"
#include "tool/support/json.h"

namespace tool {

json to_json(const engine::Moment& moment);

}  // namespace tool
