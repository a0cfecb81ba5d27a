// SPDX-License-Identifier: GPL-2.0-only
// bench: the project's own figures. Each part is a command of its own below it.
#include "triage/commands.h"

namespace triage {

void add_bench(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("bench", "The project's own figures");
  command->require_subcommand(1);
  add_bench_find(*command, action);
  add_bench_speed(*command, action);
}

}  // namespace triage
