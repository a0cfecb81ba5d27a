// SPDX-License-Identifier: GPL-2.0-only
// The iovafuzz command line.
#include <fmt/format.h>

#include <cstdio>

#include "triage/commands.h"

// Sanitizers belong to what the tool runs in child processes; leaks are the shim's to find.
extern "C" const char* __asan_default_options() { return "detect_leaks=0:malloc_context_size=0"; }
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }

int main(int argc, char** argv) {
  CLI::App app("Fuzzing of the Linux IOVA allocator", "iovafuzz");
  app.require_subcommand(1);
  app.footer("Exit status: 0 nothing new found, 1 findings, 2 it could not be done.");
  triage::Action action;
  triage::add_run(app, action);
  triage::add_test(app, action);
  triage::add_coverage(app, action);
  triage::add_show(app, action);
  triage::add_assemble(app, action);
  triage::add_replay(app, action);
  triage::add_minimize(app, action);
  triage::add_triage(app, action);
  triage::add_reproducer(app, action);
  triage::add_sweep(app, action);
  triage::add_diff(app, action);
  triage::add_cost(app, action);
  triage::add_corpus(app, action);
  triage::add_bench(app, action);
  triage::add_mutants(app, action);
  triage::add_preflight(app, action);
  triage::add_list(app, action);
  try {
    app.parse(argc, argv);
    return action();
  } catch (const CLI::Success& success) {  // --help
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "iovafuzz: {}\n", error.what());
  } catch (const triage::Failure& failure) {
    fmt::print(stderr, "iovafuzz: {}\n", failure.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "iovafuzz: {}\n", error.what());
  }
  return triage::could_not;
}
