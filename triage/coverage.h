// SPDX-License-Identifier: GPL-2.0-only
// Which lines of the port the seeds reach.
#pragma once

namespace triage {

// Builds the tool with source coverage, runs all seeds on all revisions, and prints the lines of
// src/iova that none reached. A line that cannot be reached says why in a comment that begins
// "// Not reached:". Returns 0 if there is no other, and no such comment at a line that is reached;
// else 1. Throws Failure.
int report_coverage();

}  // namespace triage
