// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/kunit_runs.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <set>

#include "engine/ledger.h"
#include "shim/fault.h"
#include "shim/finding.h"
#include "shim/sanitizer.h"
#include "shim/world.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/support/process.h"

namespace tool {
namespace {

// What this child runs; a global, since the finding handler gets no context.
struct InChild {
  const KunitModule* module;
  const KunitCase* test_case;
  int messages;
  shim::KunitResult result;
};
InChild* child;

bool is_own(const std::string& path) { return path.starts_with(child->module->own_files); }

void add_attempts(json& message) {
  std::map<std::string, size_t> places;
  json names = json::array(), attempts = json::array();
  size_t number = 0;
  for (const shim::Attempt& attempt : shim::attempts()) {
    if (attempt.failed && !message.contains("fault"))
      message["fault"] =
          fmt::format("{} attempt to allocate: {}", shim::ordinal(number), describe(attempt));
    if (!is_own(attempt.site->file)) {
      auto [at, is_new] = places.try_emplace(describe(attempt), places.size());
      if (is_new) names.push_back(at->first);
      attempts.push_back({number, at->second});
    }
    number++;
  }
  message["places"] = names;
  message["attempts"] = attempts;
}

[[noreturn]] void end_child(json message) {
  message["log"] = child->result.log;
  add_attempts(message);
  write_all(child->messages, to_line(message));
  // Coverage counters are written by exit().
  getenv("LLVM_PROFILE_FILE") ? exit(0) : _exit(0);
}

// The ledger entry of the same rule and function on this allocator. The operation part of its keys
// has no counterpart here.
std::string known_as(const std::string& oracle, const std::string& function) {
  for (const engine::KnownFinding& issue : engine::ledger())
    for (const std::string& key : issue.keys)
      if (key.starts_with(oracle + ":" + function + ":") && affects(issue, *child->module->variant))
        return issue.id;
  return "";
}

bool on_finding(const shim::Finding& finding) {
  std::string site = "none";
  for (const shim::Attempt& attempt : shim::attempts())
    if (attempt.failed && site == "none") site = attempt.site->function;
  // A stack without a function of the allocator is the suite's fault.
  const bool is_misuse = finding.blame != shim::Blame::allocator || is_own(finding.where);
  end_child(
      {{"kind", is_misuse ? KunitOutcome::misuse : KunitOutcome::finding},
       {"why", headline(*finding.oracle)},
       {"key", fmt::format("{}:{}:{}:{}", finding.oracle->id, finding.function,
                           child->test_case->name, site)},
       {"cause", fmt::format("{}:{}:{}", finding.oracle->id, finding.function, site)},
       {"where", finding.where.empty() ? finding.function
                                       : fmt::format("{} ({})", finding.function, finding.where)},
       {"values", finding.values},
       {"known", is_misuse ? "" : known_as(finding.oracle->id, finding.function)}});
}

// A case that failed may have skipped its cleanup, which is no finding. But if it gave back the
// caches and all domains, the allocator is at fault for whatever is left.
bool gave_everything_back(const shim::KunitResult& result) {
  const shim::Census census = shim::census();
  return result.status == KUNIT_SUCCESS || (!census.caches && !census.hotplug_instances);
}

KunitOutcome outcome_of(const json& message) {
  KunitOutcome outcome;
  outcome.kind = message["kind"];
  outcome.why = message["why"];
  outcome.log = message["log"].get<std::vector<std::string>>();
  outcome.places = message["places"].get<std::vector<std::string>>();
  for (const json& attempt : message["attempts"])
    outcome.attempts.push_back({attempt[0], attempt[1]});
  outcome.fault = message.value("fault", "");
  outcome.key = message.value("key", "");
  outcome.cause = message.value("cause", outcome.key);
  outcome.where = message.value("where", "");
  outcome.values = message.value("values", "");
  outcome.known = message.value("known", "");
  return outcome;
}

// A child and its output so far.
struct Process {
  pid_t pid;
  int messages;
  size_t run;
  int looks_left;  // polls left until the timeout
  std::string received = {};

  // Returns false when the child has closed its end.
  bool receive() {
    char bytes[65536];
    ssize_t n;
    do n = read(messages, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR);
    if (n > 0) received.append(bytes, static_cast<size_t>(n));
    return n > 0;
  }
  int end() {
    kill(pid, SIGKILL);
    close(messages);
    return wait_for(pid);
  }
};

// The timeout is counted in polls: time in which all processes are stopped, by Ctrl-Z or a
// suspended machine, counts as one poll.
constexpr int ms_between_looks = 200;

Process start(size_t run, int timeout_ms, const std::function<void(int)>& body) {
  Pipe pipe;
  pid_t pid = run_child([&] {
    // Drop the sanitizer's own output: the finding has what matters.
    if (!freopen("/dev/null", "w", stderr)) return 127;
    body(pipe.write_end());
    return 0;
  });
  return {pid, pipe.keep_read_end(), run, timeout_ms / ms_between_looks};
}

}  // namespace

const char* name(KunitOutcome::Kind kind) {
  switch (kind) {
    case KunitOutcome::passed: return "passed";
    case KunitOutcome::skipped: return "skipped";
    case KunitOutcome::failed: return "failed";
    case KunitOutcome::misuse: return "misuse";
    case KunitOutcome::finding: return "finding";
    case KunitOutcome::crash: return "crash";
    case KunitOutcome::timeout: return "timeout";
  }
  return "?";
}

std::string KunitCase::title() const {
  return description.empty() ? name : fmt::format("{}[{}]", name, description);
}

// A generator of parameters is code of the suite: it runs in a child, which it may crash.
std::vector<KunitCase> KunitRunner::cases() const {
  Process process = start(0, options_.timeout_ms, [&](int messages) {
    shim::reset_world(options_.cpus, module_.variant->hz);
    json all = json::array();
    for (size_t s = 0; s < module_.suites.size(); s++)
      for (size_t c = 0; module_.suites[s]->test_cases[c].run_case; c++) {
        const kunit_case& test_case = module_.suites[s]->test_cases[c];
        const std::vector<std::string> described = shim::kunit_parameters(test_case);
        for (size_t i = 0; i < described.size(); i++)
          all.push_back({s, c, i, test_case.name, described[i]});
      }
    write_all(messages, to_line(all));
  });
  pollfd waits{process.messages, POLLIN, 0};
  while (poll(&waits, 1, options_.timeout_ms) > 0 && process.receive()) {
  }
  process.end();
  json all = try_parse_json(process.received);
  if (!all.is_array()) throw Failure("the suite's parameter generator crashed or hung");
  std::vector<KunitCase> found;
  for (const json& one : all) found.push_back({one[0], one[1], one[2], one[3], one[4]});
  return found;
}

// Runs in a child and ends it.
void KunitRunner::run_here(const KunitRun& run) const {
  const KunitCase& at = *run.test_case;
  kunit_suite& suite = *module_.suites[at.suite];
  shim::catch_sanitizer_reports();
  shim::set_finding_handler(on_finding);
  shim::reset_world(options_.cpus, module_.variant->hz);
  module_.variant->reset();
  if (run.failing)
    shim::plan_fault_range(run.failing->first, run.failing->second, module_.own_files);
  shim::KunitResult& result = child->result;
  shim::run_kunit_case(suite, suite.test_cases[at.index], at.parameter, result);
  if (gave_everything_back(result)) {
    shim::check_end_of_operation(at.name.c_str());
    shim::check_end_of_run();
  }
  end_child({{"kind", result.status == KUNIT_SUCCESS   ? KunitOutcome::passed
                      : result.status == KUNIT_SKIPPED ? KunitOutcome::skipped
                                                       : KunitOutcome::failed},
             {"why", result.why}});
}

std::vector<KunitOutcome> KunitRunner::run(
    const std::vector<KunitRun>& runs,
    const std::function<void(size_t, const KunitOutcome&)>& on_outcome) const {
  std::vector<KunitOutcome> outcomes(runs.size());
  std::vector<Process> processes;
  size_t next = 0;
  auto finish = [&](Process& process, bool timed_out) {
    const int status = process.end();
    KunitOutcome& outcome = outcomes[process.run];
    json message = try_parse_json(process.received);
    if (message.is_object()) {
      outcome = outcome_of(message);
    } else if (timed_out) {
      outcome.kind = KunitOutcome::timeout;
      outcome.key = outcome.cause = "timeout:" + runs[process.run].test_case->name;
      outcome.why = fmt::format("it did not end within {} s", options_.timeout_ms / 1000);
    } else {
      outcome.kind = KunitOutcome::crash;
      outcome.key = outcome.cause = "unknown:" + runs[process.run].test_case->name;
      outcome.why = WIFSIGNALED(status)
                        ? fmt::format("its process was killed by signal {}", WTERMSIG(status))
                        : std::string("its process exited without a result");
    }
    on_outcome(process.run, outcome);
  };
  while (next < runs.size() || !processes.empty()) {
    while (next < runs.size() && processes.size() < options_.jobs) {
      const KunitRun& run = runs[next];
      processes.push_back(start(next++, options_.timeout_ms, [&](int messages) {
        InChild here{&module_, run.test_case, messages, {}};
        child = &here;
        run_here(run);
      }));
    }
    std::vector<pollfd> polled;
    for (const Process& process : processes) polled.push_back({process.messages, POLLIN, 0});
    // While any child sends something, the polls of the others do not count.
    const bool is_quiet = poll(polled.data(), polled.size(), ms_between_looks) == 0;
    for (size_t i = processes.size(); i-- > 0;) {
      const bool is_late = is_quiet && processes[i].looks_left-- <= 0;
      if (polled[i].revents ? processes[i].receive() : !is_late) continue;
      finish(processes[i], !polled[i].revents);
      processes.erase(processes.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  return outcomes;
}

std::vector<KunitRun> kunit_fault_runs(const KunitCase& test_case, const KunitOutcome& outcome,
                                       size_t most) {
  std::map<size_t, std::vector<size_t>> of_place;
  for (const auto& [number, place] : outcome.attempts) of_place[place].push_back(number);
  std::set<size_t> chosen;
  size_t left = std::min(most, outcome.attempts.size()), places_left = of_place.size();
  // Places with few attempts come first; what they do not use of their share goes to the others.
  std::vector<const std::vector<size_t>*> in_order;
  for (const auto& [place, numbers] : of_place) in_order.push_back(&numbers);
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const auto* a, const auto* b) { return a->size() < b->size(); });
  for (const std::vector<size_t>* numbers : in_order) {
    const size_t share = std::min(numbers->size(), left / places_left--);
    for (size_t i = 0; i < share; i++)
      chosen.insert((*numbers)[share == 1 ? 0 : i * (numbers->size() - 1) / (share - 1)]);
    left -= share;
  }
  std::vector<KunitRun> runs;
  for (size_t number : chosen) {
    runs.push_back({&test_case, std::pair{number, number}});
    runs.push_back({&test_case, std::pair{number, to_the_end}});
  }
  return runs;
}

}  // namespace tool
