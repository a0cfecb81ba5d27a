// SPDX-License-Identifier: GPL-2.0-only
// Describes a finding by the program that met it.
#pragma once

#include <string>
#include <vector>

#include "engine/books.h"
#include "engine/policy.h"
#include "engine/position.h"
#include "engine/reference/models.h"
#include "engine/report.h"
#include "shim/context.h"
#include "shim/finding.h"

namespace engine {

// The context of a report.
struct Circumstances {
  const program::Program& whole_program;  // a repeated run executes only a part of it
  const Position& position;
  const Books& books;
  const reference::Models* models;  // NULL if the models do not know the allocator
  const iova_variant& variant;
  const std::vector<InjectedFault>& injected;
  const std::vector<std::string>& gone_past;
};

// The current operation; in a counted one, also the call.
std::string describe_operation(const program::Program& whole_program, const Position& position);
// The suspended operation, and where it stopped.
std::string describe_suspended(const shim::Suspended& is);
Report describe(const shim::Finding& finding, std::string key, const Circumstances& at);

}  // namespace engine
