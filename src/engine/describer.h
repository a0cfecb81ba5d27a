// SPDX-License-Identifier: GPL-2.0-only
// A finding in the terms of the program that met it.
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

// What a report tells of.
struct Circumstances {
  const program::Program& whole_program;  // a repeated run takes a part of it
  const Position& position;
  const Books& books;
  const reference::Models* models;  // NULL: none knows the allocator
  const iova_variant& variant;
  const std::vector<InjectedFault>& injected;
  const std::vector<std::string>& gone_past;
};

// The one at hand, with its call if it is counted.
std::string describe_operation(const program::Program& whole_program, const Position& position);
// What it is, and where it stopped.
std::string describe_suspended(const shim::Suspended& is);
Report describe(const shim::Finding& finding, std::string key, const Circumstances& at);

}  // namespace engine
