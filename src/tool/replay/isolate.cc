// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/isolate.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <type_traits>

#include "engine/compare.h"
#include "engine/oracles.h"
#include "engine/text.h"
#include "reproducer/recorder.h"
#include "reproducer/reproducer.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/support/moment_json.h"
#include "tool/support/process.h"
#include "tool/support/report_json.h"

// Sanitizers check the code that children run, which uses the shim's memory. The shim finds leaks;
// ASan's own checks of malloc() would only make every fork slower.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:malloc_context_size=0:quarantine_size_mb=0:thread_local_quarantine_size_kb=0:"
         "max_malloc_fill_size=0";
}
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }

namespace tool {
namespace {

// The child's messages, a line of JSON each: {"step": ...}, {"calls": ...}, {"report": ...},
// {"moments": ...}, {"compared": ...}, {"survived": ...}; {"words": ...} and {"done": ...}, which
// are followed by as many bytes as they say.
int message_fd = -1;
// Number of the program that the child compares, in shared memory: the parent can read it even if
// the child dies.
uint64_t* comparing;

void send(const json& message) { write_all(message_fd, to_line(message)); }

void send_step(const engine::Step& step) {
  json failed = json::array();
  std::string of_slab;
  for (size_t i = 0; i < step.attempts.size(); i++) {
    const shim::Attempt& a = step.attempts[i];
    bool is_of_slab =
        a.call == shim::FallibleCall::slab_alloc || a.call == shim::FallibleCall::kmalloc;
    of_slab += is_of_slab ? '1' : '0';
    if (!a.failed) continue;
    failed.push_back(fmt::format("{} attempt: {}", shim::ordinal(i), shim::describe(a)));
  }
  send({{"step",
         {{"operation", step.operation},
          {"skipped", step.skipped},
          {"outcome", step.outcome},
          {"attempts", step.attempts.size()},
          {"failed", failed},
          {"of_slab", of_slab},
          {"steps", step.steps},
          {"longest_stretch", step.longest_stretch},
          {"handler_steps", step.handler_steps},
          {"ranges", step.ranges},
          {"cpu", step.cpu},
          {"suspended_on", step.suspended_on}}}});
}

void send_report(const engine::Report& report) {
  if (reproducer::is_recorded()) {
    json calls = json::array();
    for (const reproducer::Call& call : reproducer::calls())
      calls.push_back({call.function, call.domain, call.arguments[0], call.arguments[1],
                       call.arguments[2], call.result, call.operation});
    bool compared = std::any_of(engine::oracles().begin(), engine::oracles().end(),
                                [&](const shim::Oracle* oracle) {
                                  return report.key.starts_with(std::string(oracle->id) + ":");
                                });
    send({{"calls", calls}, {"digest", compared ? reproducer_digest() : 0}});
  }
  send({{"report", to_json(report)}});
  // Coverage counters are written by exit(), not by abort().
  if (getenv("LLVM_PROFILE_FILE")) exit(1);
}

void send_moments(const engine::Moment& before, const engine::Moment& now) {
  send({{"moments", to_text(json{{"before", to_json(before)}, {"now", to_json(now)}})}});
}

// A sequence of 32-bit numbers. For each operation: its flags and the number of its stretches; for
// each stretch: owner, CPU and flag, the number of words it touches, and these words.
std::string to_bytes(const engine::Footprints& footprints) {
  std::string bytes;
  const auto add = [&](size_t number) {
    const auto value = static_cast<uint32_t>(number);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (const auto& operation : footprints.operations) {
    add(operation.skipped | operation.suspended << 1 | operation.hindered << 2);
    add(operation.stretches.size());
    for (const auto& stretch : operation.stretches) {
      add(stretch.owner);
      add(stretch.cpu << 1 | stretch.at_point);
      add(stretch.touched.size());
      for (uint32_t entry : stretch.touched) add(entry);
    }
  }
  return bytes;
}

engine::Footprints footprints_from_bytes(const std::string& bytes) {
  engine::Footprints footprints;
  size_t at = 0;
  const auto take = [&] {
    uint32_t value;
    memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
    return value;
  };
  while (at < bytes.size()) {
    auto& operation = footprints.operations.emplace_back();
    const uint32_t flags = take();
    operation.skipped = flags & 1;
    operation.suspended = flags & 2;
    operation.hindered = flags & 4;
    operation.stretches.resize(take());
    for (auto& stretch : operation.stretches) {
      stretch.owner = take();
      const uint32_t where = take();
      stretch.cpu = where >> 1;
      stretch.at_point = where & 1;
      stretch.touched.resize(take());
      for (uint32_t& entry : stretch.touched) entry = take();
    }
  }
  return footprints;
}

// Returns false at the end of the connection.
bool receive(void* bytes, size_t size) {
  for (size_t got = 0; got < size;) {
    ssize_t n = read(message_fd, static_cast<char*>(bytes) + got, size - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    got += static_cast<size_t>(n);
  }
  return true;
}

// A request to the child: the operations of a program, and faults. The binary form would not do:
// programs from text may exceed its limits.
struct RequestHeader {
  size_t operations, faults;
};
static_assert(std::is_trivially_copyable_v<program::Operation>);

void run_job(const iova_variant& variant, const program::Program& program,
             std::span<const engine::FaultPoint> faults, const IsolateOptions& isolate) {
  static engine::Footprints footprints;
  engine::Options options{.faults = faults,
                          .known = isolate.known,
                          .tell_differences = isolate.tell_differences,
                          .always_check = isolate.record_calls,
                          .watch_races = isolate.watch_races,
                          .survives_findings = true,
                          .footprints = isolate.footprints ? &footprints : nullptr,
                          .footprints_from = isolate.footprints_from,
                          .on_step = isolate.record ? send_step : nullptr,
                          .on_moments = isolate.moments ? send_moments : nullptr};
  if (isolate.watcher) {
    options.past_all = true;
    options.in_sequence = isolate.watcher->in_sequence;
    options.on_finding = isolate.watcher->on_finding;
    engine::run(isolate.watcher->variant(variant), program, options);
    const std::string words = isolate.watcher->words();
    send({{"words", words.size()}});
    write_all(message_fd, words);
    return;
  }
  if (isolate.expected) {
    const auto& known_met = engine::expect_same(*isolate.expected, variant, program, options);
    return send({{"done",
                  {{"hash", 0},
                   {"attempts", json::array()},
                   {"costs", json::array()},
                   {"known_met", known_met}}}});
  }
  const engine::Result& result =
      engine::run(isolate.record_calls ? reproducer::recorded(variant) : variant, program, options);
  if (result.reported) return send({{"survived", true}});
  json done = {{"hash", result.trace_hash},
               {"attempts", result.attempts},
               {"costs", result.costs},
               {"known_met", result.known_met}};
  const std::string touched = isolate.footprints ? to_bytes(footprints) : "";
  done["bytes"] = touched.size();
  send({{"done", done}});
  write_all(message_fd, touched);
}

// Runs requests until the parent closes its end.
void serve(const iova_variant& variant, const IsolateOptions& isolate) {
  RequestHeader header;
  program::Program program;
  std::vector<engine::FaultPoint> faults;
  while (receive(&header, sizeof header)) {
    program.operations.resize(header.operations);
    faults.resize(header.faults);
    if (!receive(program.operations.data(), header.operations * sizeof program.operations[0]) ||
        !receive(faults.data(), faults.size() * sizeof faults[0]))
      return;
    run_job(variant, program, faults, isolate);
  }
}

}  // namespace

class Child {
 public:
  // Starts a child that runs the body and ends.
  explicit Child(const std::function<void()>& body) {
    int ends[2];
    log_ = memfd_create("log", MFD_CLOEXEC);
    if (log_ < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
      throw Failure(fmt::format("cannot create a socket: {}", strerror(errno)));
    // A program that hangs must not outlive the tool.
    pid_ = run_child([&]() -> int {
      close(ends[0]);
      message_fd = ends[1];
      dup2(log_, STDERR_FILENO);
      engine::set_report_sink(send_report);
      body();
      exit(0);  // writes coverage counters
    });
    close(ends[1]);
    messages_ = ends[0];
  }
  ~Child() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait_for(pid_);
    }
    close(messages_);
    close(log_);
  }
  Child(const Child&) = delete;

  int messages() const { return messages_; }  // file descriptor to poll
  // Sends a job to a child that serves. If the child has died, reading its messages shows it.
  void ask_for(const Job& job) {
    const std::vector<program::Operation>& operations = job.program->operations;
    RequestHeader header{operations.size(), job.faults.size()};
    std::string request;
    auto add = [&](const void* bytes, size_t size) {
      request.append(static_cast<const char*>(bytes), size);
    };
    add(&header, sizeof header);
    add(operations.data(), operations.size() * sizeof operations[0]);
    add(job.faults.data(), job.faults.size() * sizeof(engine::FaultPoint));
    hand_over(request);
  }
  // The child then ends by itself.
  void ask_for_no_more() { shutdown(messages_, SHUT_WR); }
  // The next message; nullopt if the child has ended or the time is over.
  std::optional<json> next(int timeout_ms, bool* timed_out) {
    while (true) {
      size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        json message = parse_json(buffer_.substr(0, end));
        buffer_.erase(0, end + 1);
        return message;
      }
      if (!read_more(timeout_ms, timed_out)) return std::nullopt;
    }
  }
  // The bytes that follow a message; nullopt if the child has ended or the time is over.
  std::optional<std::string> bytes(size_t size, int timeout_ms, bool* timed_out) {
    while (buffer_.size() < size)
      if (!read_more(timeout_ms, timed_out)) return std::nullopt;
    std::string found = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return found;
  }

  // What the child has written since the last call.
  std::string log() {
    constexpr off_t most = 1 << 20;
    off_t end = std::max<off_t>(lseek(log_, 0, SEEK_END), 0);
    if (end == log_read_) return "";
    std::string text(static_cast<size_t>(std::min(end - log_read_, most)), '\0');
    ssize_t n = pread(log_, text.data(), text.size(), log_read_);
    text.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
    log_read_ = end;
    return text;
  }
  // Kills the child, which is dead, dying or hung, and returns the rest of its log.
  std::string last_log() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait_for(pid_);
      pid_ = 0;
    }
    return log();
  }

  // For a child whose messages have ended: whether it ended with status 0.
  bool ended_well() {
    const int status = wait_for(std::exchange(pid_, 0));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  // Lets a dying child finish its log.
  void wait_for_end(int timeout_ms) {
    bool timed_out = false;
    while (next(timeout_ms, &timed_out)) {
    }
    if (!timed_out) wait_for(std::exchange(pid_, 0));
  }

 private:
  bool read_more(int timeout_ms, bool* timed_out) {
    // The timeout is waited for in parts: time in which both processes are stopped, by Ctrl-Z or a
    // suspended machine, counts as one part at most.
    constexpr int parts = 100;
    pollfd poll_fd{messages_, POLLIN, 0};
    int ready = 0;
    for (int part = 0; part < parts && ready == 0; part++) {
      do ready = poll(&poll_fd, 1, timeout_ms / parts + 1);
      while (ready < 0 && errno == EINTR);
    }
    *timed_out = ready == 0;
    if (ready <= 0) return false;
    char bytes[65536];
    ssize_t n = read(messages_, bytes, sizeof bytes);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  // The child may be dead; that must not raise SIGPIPE here.
  void hand_over(const std::string& request) {
    for (size_t sent = 0; sent < request.size();) {
      ssize_t n = ::send(messages_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n < 0 && errno != EINTR) return;
      if (n > 0) sent += static_cast<size_t>(n);
    }
  }

  pid_t pid_ = 0;
  int messages_ = -1, log_ = -1;
  off_t log_read_ = 0;
  std::string buffer_;
};

std::string Outcome::key() const {
  if (report) return report->key;
  return kind == timeout ? "timeout" : kind == crash ? "unknown" : "";
}

std::vector<engine::FaultPoint> Outcome::fault_points() const {
  std::vector<engine::FaultPoint> points;
  for (size_t operation = 0; operation < attempts.size(); operation++)
    for (size_t attempt = 0; attempt < attempts[operation]; attempt++)
      points.push_back({operation, attempt});
  return points;
}

std::vector<Job> Outcome::fault_jobs(const program::Program& program, size_t every) const {
  const std::vector<engine::FaultPoint> points = fault_points();
  std::vector<Job> jobs;
  for (size_t i = 0; i < points.size(); i += every) {
    engine::FaultPoint point = points[i];
    jobs.push_back({&program, {point}});
    point.is_first_of_all = true;
    jobs.push_back({&program, {point}});
  }
  return jobs;
}

// Owns the child and collects its messages about the current job.
class Isolated::Impl {
 public:
  Impl(const iova_variant& variant, IsolateOptions options)
      : variant_(variant), options_(std::move(options)) {}
  ~Impl() {
    if (!child_) return;
    child_->ask_for_no_more();
    child_->wait_for_end(options_.timeout_ms);
  }
  Impl(const Impl&) = delete;

  Outcome run(const Job& job) {
    if (!child_) child_ = std::make_unique<Child>([&] { serve(variant_, options_); });
    child_->ask_for(job);
    Outcome outcome;
    while (true) {
      bool timed_out = false;
      std::optional<json> message = child_->next(options_.timeout_ms, &timed_out);
      if (!message) return died(std::move(outcome), timed_out);
      if (message->contains("step")) {
        json& step = (*message)["step"];
        if (step["operation"] == 0) outcome.steps.clear();  // repeated to locate the finding
        outcome.steps.push_back({step["operation"], step["skipped"], step["outcome"],
                                 step["attempts"], step["failed"], step["of_slab"], step["steps"],
                                 step["longest_stretch"], step["handler_steps"], step["ranges"],
                                 step["cpu"], step["suspended_on"]});
      } else if (message->contains("calls")) {
        outcome.digest = (*message)["digest"];
        for (const json& call : (*message)["calls"])
          outcome.calls.push_back(
              {call[0], call[1], {call[2], call[3], call[4]}, call[5], call[6]});
      } else if (message->contains("report")) {
        outcome.kind = Outcome::finding;
        outcome.report = report_from_json((*message)["report"]);
        outcome.known_met = outcome.report->gone_past;
      } else if (message->contains("moments")) {
        outcome.moments = (*message)["moments"];
      } else if (message->contains("words")) {
        auto words = child_->bytes((*message)["words"], options_.timeout_ms, &timed_out);
        if (!words) return died(std::move(outcome), timed_out);
        outcome.words = *words;
        outcome.log = child_->log();
        return outcome;
      } else if (message->contains("survived")) {
        outcome.log = child_->log();
        return outcome;
      } else {
        const json& done = (*message)["done"];
        outcome.trace_hash = done["hash"];
        outcome.attempts = done["attempts"].get<std::vector<size_t>>();
        outcome.costs = done["costs"].get<std::vector<uint64_t>>();
        outcome.known_met = done["known_met"].get<std::vector<std::string>>();
        auto touched =
            child_->bytes(done.value("bytes", size_t{0}), options_.timeout_ms, &timed_out);
        if (!touched) return died(std::move(outcome), timed_out);
        outcome.footprints = footprints_from_bytes(*touched);
        child_->log();  // drop the log of a clean run
        return outcome;
      }
    }
  }

 private:
  Outcome died(Outcome outcome, bool timed_out) {
    if (outcome.kind == Outcome::clean)
      outcome.kind = timed_out ? Outcome::timeout : Outcome::crash;
    outcome.log = child_->last_log();
    child_.reset();
    return outcome;
  }

  const iova_variant& variant_;
  IsolateOptions options_;
  std::unique_ptr<Child> child_;
};

Isolated::Isolated(const iova_variant& variant, IsolateOptions options)
    : impl_(std::make_unique<Impl>(variant, std::move(options))) {}
Isolated::~Isolated() = default;
Outcome Isolated::run(const program::Program& program, std::vector<engine::FaultPoint> faults) {
  return impl_->run({&program, std::move(faults)});
}

Outcome Recorder::run(const iova_variant& variant, const program::Program& program) {
  return children_.try_emplace(&variant, variant, options_).first->second.run(program);
}

void run_isolated(const iova_variant& variant, const std::vector<Job>& jobs,
                  const IsolateOptions& options,
                  const std::function<void(size_t, const Outcome&)>& on_outcome) {
  Isolated isolated(variant, options);
  for (size_t i = 0; i < jobs.size(); i++)
    on_outcome(i, isolated.run(*jobs[i].program, jobs[i].faults));
}

Outcome run_isolated(const iova_variant& variant, const program::Program& program,
                     const IsolateOptions& options) {
  return Isolated(variant, options).run(program);
}

Outcome check_isolated(const std::function<std::vector<engine::Report>()>& check,
                       const std::vector<std::string>& known) {
  constexpr int timeout_ms = 25'000;
  Child child([&] {
    std::vector<std::string> met;
    for (engine::Report& report : check()) {
      if (std::find(known.begin(), known.end(), report.key) == known.end()) {
        report.gone_past = met;
        return send_report(report);
      }
      met.push_back(report.key);
    }
    send({{"done", {{"known_met", met}}}});
  });
  Outcome outcome;
  bool timed_out = false;
  std::optional<json> message = child.next(timeout_ms, &timed_out);
  if (message && message->contains("done")) {
    outcome.known_met = (*message)["done"]["known_met"].get<std::vector<std::string>>();
    return outcome;
  }
  if (message) {
    outcome.kind = Outcome::finding;
    outcome.report = report_from_json((*message)["report"]);
    outcome.known_met = outcome.report->gone_past;
  } else {
    outcome.kind = timed_out ? Outcome::timeout : Outcome::crash;
  }
  outcome.log = child.last_log();
  return outcome;
}

Outcome check_text_isolated(const std::string& content, const std::vector<std::string>& known) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(content.data());
  return check_isolated([&] { return engine::check_text({bytes, content.size()}); }, known);
}

namespace {

// Numbers in shared memory: children write them, the parent reads them.
class SharedNumbers {
 public:
  explicit SharedNumbers(size_t count) : bytes_(count * sizeof(uint64_t)) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      throw Failure(fmt::format("cannot share memory: {}", strerror(errno)));
    numbers_ = static_cast<uint64_t*>(memory);
  }
  ~SharedNumbers() { munmap(numbers_, bytes_); }
  SharedNumbers(const SharedNumbers&) = delete;
  uint64_t* at(size_t i) const { return numbers_ + i; }

 private:
  size_t bytes_;
  uint64_t* numbers_;
};

// Compares the programs with the numbers first, first + stride, ... below count.
void compare_programs(const iova_variant& expected, const iova_variant& actual, uint64_t first,
                      uint64_t count, uint64_t stride,
                      const std::function<program::Program(uint64_t)>& make, unsigned ignored) {
  constexpr uint64_t programs_per_message = 64;
  uint64_t since = 0;
  for (uint64_t number = first; number < count; number += stride) {
    // Sent before the comparison, since a finding ends the process.
    if (++since == programs_per_message) {
      send({{"compared", since}});
      since = 0;
    }
    *comparing = number;
    engine::expect_same(expected, actual, make(number), {.ignored = ignored});
  }
  send({{"compared", since}});
}

}  // namespace

Comparison compare_isolated(const iova_variant& expected, const iova_variant& actual,
                            uint64_t count, unsigned children,
                            const std::function<program::Program(uint64_t number)>& make,
                            const std::function<void(uint64_t done)>& on_progress,
                            unsigned ignored) {
  constexpr int timeout_ms = 120'000;  // for the programs of one message
  Comparison result;
  struct Running {
    std::unique_ptr<Child> child;
    const uint64_t* number;
  };
  std::vector<Running> running;
  SharedNumbers numbers(children);
  for (unsigned i = 0; i < children; i++) {
    comparing = numbers.at(i);
    auto body = [&, i] { compare_programs(expected, actual, i, count, children, make, ignored); };
    running.push_back({std::make_unique<Child>(body), numbers.at(i)});
  }
  while (!running.empty()) {
    std::vector<pollfd> polled;
    for (const Running& r : running) polled.push_back({r.child->messages(), POLLIN, 0});
    int ready = poll(polled.data(), polled.size(), timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    for (size_t i = polled.size(); i-- > 0;) {
      if (ready > 0 && !polled[i].revents) continue;
      Child& child = *running[i].child;
      bool timed_out = ready == 0;
      std::optional<json> message;
      if (!timed_out) message = child.next(timeout_ms, &timed_out);
      if (message && message->contains("compared")) {
        result.programs += (*message)["compared"].get<uint64_t>();
        on_progress(result.programs);
        continue;
      }
      if (!message && !timed_out && child.ended_well()) {
        running.erase(running.begin() + static_cast<ptrdiff_t>(i));
        continue;
      }
      if (message) {
        result.outcome.kind = Outcome::finding;
        result.outcome.report = report_from_json((*message)["report"]);
        child.wait_for_end(timeout_ms);
      } else {
        result.outcome.kind = timed_out ? Outcome::timeout : Outcome::crash;
      }
      result.number = *running[i].number;
      result.outcome.log = child.last_log();
      return result;
    }
  }
  return result;
}

}  // namespace tool
