// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/call_list.h"

#include <fmt/format.h>

#include <sstream>
#include <vector>

#include "engine/oracles.h"
#include "reproducer/recorder.h"
#include "shim/fault.h"
#include "shim/locks.h"
#include "shim/timekeeping.h"
#include "shim/world.h"
#include "tool/support/words.h"

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Program;

// In the child: the list of the run at hand.
class Listing {
 public:
  void reset() { *this = {}; }

  void begin(const reproducer::Call& call) {
    if (is_over_) return;
    slept();
    if (call.function.starts_with("shim_")) return act(call.function);
    operation_ = call.operation;
    in_call_ = true;
    irqs_off_ = shim::runs_in_interrupt();
    first_attempt_ = shim::attempts().size();
    before_ = shim::census();
  }

  void end(const reproducer::Call& call, const iova_variant& real, const void* domain,
           const void* node) {
    if (is_over_) return;
    in_call_ = false;
    add_call(call, false);
    answer(call, real, domain, node);
    if (call.function == "put_iova_domain") domains_[number_of(call.domain)] = none;
  }

  // In the midst of a call, or where the run ends.
  void find(const shim::Finding& finding) {
    const bool is_misuse = finding.oracle->severity == shim::Severity::memory_safety ||
                           !finding.oracle->recoverable ||
                           finding.oracle == &shim::oracle::kernel_warn;
    if (is_over_ || !in_call_ || !is_misuse) return;
    if (engine::promise_of(finding.oracle->id) != "kernel") return;
    is_over_ = true;
    dies_of_ = finding.oracle->id;
    dies_at_ = operation_;
    add_call(reproducer::calls().back(), true);
  }

  // "calls faults operation operation oracle\n", the list, a form feed, the answers. The operations
  // are the first that cannot be said and the one that dies; "-" is none.
  std::string words() {
    slept();
    auto index = [](std::optional<size_t> at) { return at ? fmt::format("{}", *at) : "-"; };
    return fmt::format("{} {} {} {} {}\n{}\f{}", calls_, faults_, index(unsaid_at_),
                       index(dies_at_), dies_of_.empty() ? "-" : dies_of_, fmt::to_string(lines_),
                       fmt::to_string(answers_));
  }

 private:
  static constexpr unsigned none = ~0u;
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(lines_), format, std::forward<Arguments>(arguments)...);
  }
  template <class... Arguments>
  void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(answers_), format, std::forward<Arguments>(arguments)...);
  }

  // The run counts all domains that there ever were; Linux has room for those at hand.
  unsigned number_of(unsigned domain) {
    for (unsigned i = 0; i < program::max_domains; i++)
      if (domains_[i] == domain) return i;
    for (unsigned i = 0; i < program::max_domains; i++)
      if (domains_[i] == none) {
        domains_[i] = domain;
        return i;
      }
    return 0;
  }

  void act(const std::string& function) {
    if (function.starts_with("shim_rest(")) slept_since_ = shim_now();
    // Nothing else moves time that the list could say.
    else if (function.starts_with("shim_advance("))
      unsaid_at_ = operation_;
  }

  // Linux rounds delays up, and has nothing else to do: longer is as good.
  void slept() {
    if (!slept_since_) return;
    uint64_t ms = shim_now() - *slept_since_;
    slept_since_.reset();
    line("sleep {:x}\n", ms + ms / 4 + 500);
  }

  void add_call(const reproducer::Call& call, bool dies) {
    calls_++;
    auto made = shim::attempts();
    made = made.size() < first_attempt_ ? made : made.subspan(first_attempt_);
    objects_ = 0;
    std::string fail;
    for (const shim::Attempt& attempt : made) {
      const bool is_object = attempt.call == shim::FallibleCall::slab_alloc ||
                             attempt.call == shim::FallibleCall::kmalloc;
      objects_ += is_object;
      if (!attempt.failed) continue;
      // Of what is inside the making of a cache, the shim knows nothing.
      if (!is_object && !unsaid_at_) unsaid_at_ = operation_;
      fail += fmt::format(" {:x}", objects_);
      faults_++;
    }
    if (!fail.empty()) line("fail{}\n", fail);
    if (irqs_off_) line("irqs_off\n");
    if (dies) line("dies\n");
    line("{}", call.function);
    if (!call.function.ends_with("cache_get") && !call.function.ends_with("cache_put")) {
      line(" {:x}", number_of(call.domain));
      for (unsigned i = 0; i < arguments_of(call.function); i++) line(" {:x}", call.arguments[i]);
    }
    line("\n");
  }

  static unsigned arguments_of(const std::string& function) {
    if (function == "put_iova_domain" || function == "iova_domain_init_rcaches") return 0;
    if (function == "free_iova" || function == "__free_iova" || function == "find_iova") return 1;
    if (function == "alloc_iova" || function == "alloc_iova_fast") return 3;
    return 2;
  }

  void answer(const reproducer::Call& call, const iova_variant& real, const void* domain,
              const void* node) {
    const std::string& function = call.function;
    const bool is_node =
        function == "alloc_iova" || function == "find_iova" || function == "reserve_iova";
    if (node)
      say("{:x}-{:x}", call.result, real.pfn_hi(node));
    else if (is_node)
      say("-");
    else if (function == "alloc_iova_fast")
      say("{:x}", call.result);
    else if (function == "iova_cache_get" || function == "iova_domain_init_rcaches")
      say("{}", static_cast<int64_t>(call.result));
    else
      say(".");
    if (!domain) return say("\n");
    const shim::Census after = shim::census();
    auto difference = [](size_t now, size_t then) {
      return static_cast<int64_t>(now) - static_cast<int64_t>(then);
    };
    say(" a{} o{:+} p{:+}", objects_,
        difference(after.kmalloc_objects + after.cache_objects,
                   before_.kmalloc_objects + before_.cache_objects),
        difference(after.percpu_objects, before_.percpu_objects));
    if (function == "put_iova_domain") return say("\n");
    iova_fields fields{};
    real.fields(domain, &fields);
    if (real.views & IOVA_VIEW_CACHED_NODES)
      say(" c{:x} d{:x}", fields.cached_lo, fields.cached32_lo);
    if (real.views & IOVA_VIEW_HINT && !real.lacks_hint) say(" h{:x}", fields.max32_alloc_size);
    say("\n");
    if (real.views & IOVA_VIEW_NODES && ++since_tree_ > nodes_ / 4)
      tree(real, domain, number_of(call.domain));
  }

  void tree(const iova_variant& real, const void* domain, unsigned number) {
    struct Sum {
      uint64_t nodes = 0, hash = 0;
    } sum;
    real.each_node(
        domain,
        [](void* context, unsigned long lo, unsigned long hi) {
          Sum& all = *static_cast<Sum*>(context);
          all.nodes++;
          // As in_linux.c has it.
          all.hash = (all.hash ^ lo) * 0x9e3779b97f4a7c15;
          all.hash = (all.hash ^ hi) * 0x9e3779b97f4a7c15;
          return true;
        },
        &sum);
    line("tree {:x}\n", number);
    say("t{} {:x}\n", sum.nodes, sum.hash);
    nodes_ = sum.nodes;
    since_tree_ = 0;
  }

  fmt::memory_buffer lines_, answers_;
  uint64_t calls_ = 0, faults_ = 0;
  std::string dies_of_;
  std::optional<size_t> unsaid_at_, dies_at_;
  bool is_over_ = false;  // the run went past what Linux may not
  unsigned domains_[program::max_domains] = {none, none, none, none};
  uint64_t since_tree_ = 0, nodes_ = 0;
  std::optional<uint64_t> slept_since_;
  // Of the call at hand:
  size_t operation_ = 0, first_attempt_ = 0;
  uint64_t objects_ = 0;
  shim::Census before_{};
  bool in_call_ = false, irqs_off_ = false;
};

Listing listing;

const Watcher watcher{
    .variant = [](const iova_variant& real) -> const iova_variant& {
      reproducer::observe(
          {.on_reset = [] { listing.reset(); },
           .on_begin = [](const reproducer::Call& call) { listing.begin(call); },
           .on_end = [](const reproducer::Call& call, const iova_variant& variant,
                        const void* domain,
                        const void* node) { listing.end(call, variant, domain, node); }});
      return reproducer::recorded(real);
    },
    .on_finding = [](const shim::Finding& finding) { listing.find(finding); },
    .words = [] { return listing.words(); },
};

bool can_be_said(OpCode code) {
  switch (code) {
    case OpCode::cpus:
    case OpCode::cpu:
    case OpCode::offline:
    case OpCode::online:
    case OpCode::queue_init:
    case OpCode::queue:
    case OpCode::slow:
    case OpCode::flush_done:
    case OpCode::pause:
    case OpCode::resume: return false;
    default: return true;
  }
}

// The faults of an operation, or without any the operation itself.
bool leave_out(Program& program, size_t at) {
  std::vector<Operation>& all = program.operations;
  if (at >= all.size()) return false;
  size_t first = at;
  while (first && program::is_prefix(all[first - 1].code)) first--;
  bool has_faults = false;
  for (size_t i = at; i-- > first;) {
    if (all[i].code != OpCode::fail) continue;
    all.erase(all.begin() + static_cast<ptrdiff_t>(i));
    has_faults = true;
  }
  if (!has_faults) all.erase(all.begin() + static_cast<ptrdiff_t>(at));
  return true;
}

}  // namespace

Program sayable(const Program& program) {
  Program said;
  Operation cpus = program::make(OpCode::cpus);
  cpus.operands[0].number = 1;
  said.operations.push_back(cpus);
  for (const Operation& operation : program.operations) {
    // Linux rounds times; the end of all that is pending is the same.
    if (operation.code == OpCode::tick)
      said.operations.push_back(program::make(OpCode::idle));
    else if (can_be_said(operation.code))
      said.operations.push_back(operation);
  }
  return said;
}

std::span<const OpCode> sayable_operations() {
  static const std::vector<OpCode> all = [] {
    std::vector<OpCode> said;
    for (OpCode code : program::all_operations)
      if (can_be_said(code)) said.push_back(code);
    return said;
  }();
  return all;
}

CallLister::CallLister(const iova_variant& variant)
    : isolated_(variant, {.watcher = &watcher, .watch_races = false}) {}

std::optional<CallList> CallLister::list(const Program& program,
                                         const std::function<bool(const std::string&)>& may_die) {
  CallList list;
  list.program = sayable(program);
  while (true) {
    const Outcome outcome = isolated_.run(list.program);
    if (outcome.words.empty()) return std::nullopt;
    const size_t head = outcome.words.find('\n'), half = outcome.words.find('\f');
    std::istringstream numbers(outcome.words.substr(0, head));
    std::string unsaid_at, dies_at, dies_of;
    numbers >> list.calls >> list.faults >> unsaid_at >> dies_at >> dies_of;
    const bool dies = dies_of != "-";
    const std::string& without = unsaid_at != "-"            ? unsaid_at
                                 : dies && !may_die(dies_of) ? dies_at
                                                             : "";
    if (without.empty()) {
      list.lines = outcome.words.substr(head + 1, half - head - 1);
      list.answers = outcome.words.substr(half + 1);
      if (dies) list.dies_of = dies_of;
      return list;
    }
    if (!leave_out(list.program, std::stoul(without))) return std::nullopt;
  }
}

std::optional<AnswerDifference> compare_answers(const CallList& list, const std::string& actual) {
  if (actual == list.answers) return std::nullopt;
  std::istringstream calls(list.lines), expected(list.answers), got(actual);
  AnswerDifference difference;
  std::string before;
  for (std::string call; std::getline(calls, call);) {
    if (call.starts_with("fail ") || call == "irqs_off" || call == "dies" ||
        call.starts_with("sleep ")) {
      before += call + ", ";
      continue;
    }
    difference.call = before + call;
    before.clear();
    if (!std::getline(expected, difference.expected)) difference.expected = "nothing";
    if (!std::getline(got, difference.actual)) difference.actual = "nothing";
    if (difference.expected != difference.actual) return difference;
  }
  std::getline(got, difference.actual);
  return AnswerDifference{"end", "nothing", difference.actual};
}

}  // namespace tool
