// SPDX-License-Identifier: GPL-2.0-only
// The commands of the tool. Each adds itself to the command line; what it runs returns the exit
// status: 0 nothing new found, 1 findings. What can't be done is thrown as Failure: status 2.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <stdexcept>
#include <string>

namespace triage {

// One sentence for the user.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int nothing_new = 0, findings = 1, could_not = 2;

// Set by the chosen command.
using Action = std::function<int()>;

void add_run(CLI::App& app, Action& action);
void add_test(CLI::App& app, Action& action);
void add_coverage(CLI::App& app, Action& action);
void add_show(CLI::App& app, Action& action);
void add_assemble(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_minimize(CLI::App& app, Action& action);
void add_triage(CLI::App& app, Action& action);
void add_reproducer(CLI::App& app, Action& action);
void add_sweep(CLI::App& app, Action& action);
void add_diff(CLI::App& app, Action& action);
void add_cost(CLI::App& app, Action& action);
void add_corpus(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_bench_find(CLI::App& bench, Action& action);
void add_bench_speed(CLI::App& bench, Action& action);
void add_mutants(CLI::App& app, Action& action);
void add_preflight(CLI::App& app, Action& action);
void add_list(CLI::App& app, Action& action);

}  // namespace triage
