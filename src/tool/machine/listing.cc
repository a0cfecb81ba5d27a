// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "engine/oracles.h"
#include "engine/views.h"
#include "reproducer/recorder.h"
#include "shim/context.h"
#include "shim/cpu.h"
#include "shim/fault.h"
#include "shim/locks.h"
#include "shim/timekeeping.h"
#include "shim/world.h"

namespace tool {
namespace {

using reproducer::Call;

constexpr unsigned none = ~0u;

// A call that has not returned.
struct Open {
  size_t index;  // index into reproducer::calls()
  Call call;
  unsigned cpu;
  bool irqs_off;
  size_t first_attempt;
  shim::Census before;
  bool lasts = false;  // its flush lasts
};

// A lasting flush, within a call or within the handler of a queue's timer.
struct LastingFlush {
  const void* context;  // NULL: the flush has ended
  size_t call;          // index of the call; none: a timer's flush
  unsigned cpu;
  uint64_t since = shim_now();
  size_t operation = 0;  // that ran the timer
};

// Time that the run has let pass, until settle() knows its effect.
struct Time {
  std::optional<uint64_t> slept_since = {};  // start of a rest until nothing is pending
  bool advances = false;                     // by an exact time while something is pending
  unsigned cpu = 0;
  size_t operation = 0;
  bool timers[program::max_domains] = {};  // timers pending before it
};

class Listing {
 public:
  void use(const iova_variant& variant, bool fails_creations) {
    variant_ = &variant;
    fails_creations_ = fails_creations;
  }
  void reset() {
    const Listing before = std::exchange(*this, {});
    use(*before.variant_, before.fails_creations_);
  }

  void begin(const Call& call) {
    // Ignores calls between strands, and the CPU that the engine sets for the next operation.
    if (is_over_ || call.function.starts_with("shim_set_current_cpu(")) return;
    settle();
    if (call.function.starts_with("shim_")) return act(call);
    operation_ = call.operation;
    const bool waits_for_cpus =
        call.function.starts_with("iova_cache_") || call.function == "iova_domain_init_rcaches" ||
        call.function == "init_iova_domain" || call.function == "put_iova_domain";
    if (waits_for_cpus && any_lasts()) cannot_say();
    // A CPU in a lasting flush makes no other calls.
    const unsigned cpu = raw_smp_processor_id();
    if (std::any_of(lasting_.begin(), lasting_.end(),
                    [&](const LastingFlush& flush) { return flush.context && flush.cpu == cpu; }))
      cannot_say();
    if (call.function == "put_iova_domain") tree(number_of(call.domain));
    open_.push_back({index_of(call), call, cpu, shim::runs_in_interrupt(), shim::attempts().size(),
                     shim::census()});
  }

  void end(const Call& call, const void* domain, const void* node) {
    if (is_over_) return;
    settle();
    const auto at = std::find_if(open_.begin(), open_.end(),
                                 [&](const Open& open) { return open.index == index_of(call); });
    if (at == open_.end()) return cannot_say();
    const Open open = *at;
    open_.erase(at);
    // Another call was waiting for this one.
    if (std::any_of(open_.begin(), open_.end(), [](const Open& other) { return !other.lasts; }))
      cannot_say();
    if (call.function == "init_iova_domain") memory_[number_of(call.domain)] = domain;
    if (open.lasts) {
      if (has_faults(open)) cannot_say();
      say(".");
      say_fields(domain);
    } else {
      add_call(open, false);
      answer(open, call, domain, node);
    }
    if (call.function != "put_iova_domain") return;
    memory_[number_of(call.domain)] = nullptr;
    domains_[number_of(call.domain)] = none;
  }

  // Called during a call, or at the end of the run.
  void find(const shim::Finding& finding) {
    if (is_over_) return;
    const std::string id = finding.oracle->id;
    if (found_ids_.insert(id).second) found_.push_back({id, said_ + (in_call() ? 1 : 0)});
    const bool is_misuse = finding.oracle->severity == shim::Severity::memory_safety ||
                           !finding.oracle->recoverable ||
                           finding.oracle == &shim::oracle::kernel_warn;
    if (!in_call() || !is_misuse || engine::promise_of(id) != "kernel") return;
    is_over_ = true;
    dies_of_ = id;
    dies_at_ = operation_;
    add_call(open_.back(), true);
  }

  // Format: "calls faults cut operation operation oracle [oracle:answers...]\n", the list, a form
  // feed, the answers. The operations are the first that cannot be stated and the one that dies;
  // "-": none.
  std::string words() {
    settle();
    auto index = [](std::optional<size_t> at) { return at ? fmt::format("{}", *at) : "-"; };
    std::string found;
    for (const CallList::Found& one : found_)
      found += fmt::format(" {}:{}", one.oracle, one.answers);
    const bool is_cut = any_lasts() || std::any_of(std::begin(memory_), std::end(memory_),
                                                   [](const void* domain) { return domain; });
    return fmt::format("{} {} {:d} {} {} {}{}\n{}\f{}", calls_, faults_, is_cut, index(unsaid_at_),
                       index(dies_at_), dies_of_.empty() ? "-" : dies_of_, found,
                       fmt::to_string(lines_), fmt::to_string(answers_));
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(lines_), format, std::forward<Arguments>(arguments)...);
  }
  template <class... Arguments>
  void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(answers_), format, std::forward<Arguments>(arguments)...);
    said_ += answers_.size() && answers_[answers_.size() - 1] == '\n';
  }

  void cannot_say() {
    if (!unsaid_at_) unsaid_at_ = operation_;
  }
  static size_t index_of(const Call& call) {
    return static_cast<size_t>(&call - reproducer::calls().data());
  }
  bool in_call() const { return !open_.empty() && !open_.back().lasts; }
  bool any_lasts() const {
    return std::any_of(lasting_.begin(), lasting_.end(),
                       [](const LastingFlush& flush) { return flush.context; });
  }

  // The run numbers every domain anew; Linux has slots for the domains that exist.
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

  void on_cpu(unsigned cpu) {
    if (cpu == cpu_) return;
    line("cpu {:x}\n", cpu);
    cpu_ = cpu;
  }

  void act(const Call& call) {
    const std::string& action = call.function;
    const auto is = [&](const char* function) { return action.starts_with(function); };
    const unsigned long number = std::stoul(action.substr(action.find('(') + 1));
    operation_ = call.operation;
    if (is("shim_rest(")) {
      if (any_lasts()) cannot_say();
      time_ = {.slept_since = shim_now(), .cpu = raw_smp_processor_id(), .operation = operation_};
    } else if (is("shim_advance(")) {
      // Without pending events, time has no effect.
      if (!shim::census().pending_events) return;
      time_ = {};
      time_.advances = true;
      time_.cpu = raw_smp_processor_id();
      time_.operation = operation_;
      for (unsigned i = 0; i < program::max_domains; i++) time_.timers[i] = is_timer_pending(i);
    } else if (is("shim_cpu_offline(") || is("shim_cpu_online(")) {
      if (any_lasts() || in_call()) cannot_say();
      line("{} {:x}\n", is("shim_cpu_offline(") ? "offline" : "online", number);
      say("0\n");
    }
  }

  bool is_timer_pending(unsigned domain) const {
    if (!memory_[domain] || !variant_->queue || !variant_->queue->fields) return false;
    iova_queue_fields fields{};
    variant_->queue->fields(memory_[domain], &fields);
    return fields.exists && fields.timer_pending;
  }

  void settle() {
    settle_flushes_and_time();
    were_pending_ = shim::census().pending_events;
  }

  // States flushes that began or ended and the time slept, before the next call is recorded.
  void settle_flushes_and_time() {
    for (size_t i = 0; i < shim::suspended_contexts(); i++) {
      const shim::Suspended suspended = shim::suspended(i);
      if (is_known(suspended.argument)) continue;
      const std::string_view before = suspended.before;
      const bool flushes = before.empty() || before == "while a hardware flush lasts";
      if (!flushes || !begin_to_last(suspended)) cannot_say();
    }
    size_t over = 0;
    for (size_t i = 0; i < lasting_.size(); i++) {
      LastingFlush& flush = lasting_[i];
      if (!flush.context || is_suspended(flush.context)) continue;
      flush.context = nullptr;
      over++;
      line("flush_done {:x}\n", i);
      if (flush.call == none) {
        say(".\n");
        pass_the_rest_of_time(flush);
      }
    }
    if (over > 1) cannot_say();  // one flush waited for the other's lock
    if (time_.advances) {
      // Linux has no exact times.
      operation_ = time_.operation;
      cannot_say();
      time_ = {};
    }
    if (!time_.slept_since) return;
    on_cpu(time_.cpu);
    sleep(shim_now() - *time_.slept_since);
    time_ = {};
  }

  // The rest of the operation's time passes after its flush has ended.
  void pass_the_rest_of_time(const LastingFlush& flush) {
    const uint64_t ms = shim_now() - flush.since;
    if (!ms || !were_pending_) return;
    if (any_lasts() || shim::census().pending_events) {
      operation_ = flush.operation;
      return cannot_say();
    }
    on_cpu(flush.cpu);
    sleep(ms);
  }

  // Linux rounds delays up; sleeping longer has no other effect, since it is idle.
  void sleep(uint64_t ms) { line("sleep {:x}\n", ms + ms / 4 + 100); }

  bool is_known(const void* context) const {
    return std::any_of(lasting_.begin(), lasting_.end(),
                       [&](const LastingFlush& flush) { return flush.context == context; });
  }
  static bool is_suspended(const void* context) {
    for (size_t i = 0; i < shim::suspended_contexts(); i++)
      if (shim::suspended(i).argument == context) return true;
    return false;
  }

  bool begin_to_last(const shim::Suspended& suspended) {
    constexpr size_t most = 8;  // size of lasting[] in in_linux/replay.c
    if (lasting_.size() == most) return false;
    if (time_.advances) {
      unsigned domain = none;
      for (unsigned i = 0; i < program::max_domains; i++) {
        if (!time_.timers[i] || is_timer_pending(i)) continue;
        if (domain != none) return false;  // another timer ran before it
        domain = i;
      }
      if (domain == none || suspended.cpu != time_.cpu) return false;
      on_cpu(time_.cpu);
      line("timer {:x}\n", domain);
      lasting_.push_back({.context = suspended.argument,
                          .call = none,
                          .cpu = time_.cpu,
                          .operation = time_.operation});
      time_ = {};
    } else {
      if (!in_call() || open_.back().call.function != "queue_iova") return false;
      Open& open = open_.back();
      open.lasts = true;
      calls_++;
      on_cpu(open.cpu);
      if (open.irqs_off) line("irqs_off\n");
      line("lasts\n");
      call_line(open.call);
      lasting_.push_back({.context = suspended.argument, .call = open.index, .cpu = open.cpu});
    }
    say("lasts\n");
    return true;
  }

  std::span<const shim::Attempt> attempts_of(const Open& open) const {
    const auto made = shim::attempts();
    return made.size() < open.first_attempt ? made : made.subspan(open.first_attempt);
  }
  bool has_faults(const Open& open) const {
    const auto made = attempts_of(open);
    return std::any_of(made.begin(), made.end(),
                       [](const auto& attempt) { return attempt.failed; });
  }
  void add_call(const Open& open, bool dies) {
    calls_++;
    objects_ = 0;
    size_t creations = 0;
    std::string fail;
    bool creation_fails = false;
    for (const shim::Attempt& attempt : attempts_of(open)) {
      const bool is_object = attempt.call == shim::FallibleCall::slab_alloc ||
                             attempt.call == shim::FallibleCall::kmalloc;
      objects_ += is_object;
      creations += attempt.call == shim::FallibleCall::cache_create;
      if (!attempt.failed) continue;
      faults_++;
      if (is_object) {
        fail += fmt::format(" {:x}", objects_);
        continue;
      }
      // The shim does not model the allocations inside kmem_cache_create(), so only a first attempt
      // can fail in Linux.
      const bool is_first = fails_creations_ && creations == 1 && !objects_ &&
                            attempt.call == shim::FallibleCall::cache_create;
      if (!is_first) cannot_say();
      creation_fails |= is_first;
    }
    if (creation_fails && (!fail.empty() || creations > 1)) cannot_say();
    on_cpu(open.cpu);
    if (creation_fails) line("fail_creation\n");
    if (!fail.empty()) line("fail{}\n", fail);
    if (open.irqs_off) line("irqs_off\n");
    if (dies) line("dies\n");
    call_line(open.call);
  }

  void call_line(const Call& call) {
    line("{}", call.function);
    if (!call.function.ends_with("cache_get") && !call.function.ends_with("cache_put")) {
      line(" {:x}", number_of(call.domain));
      for (unsigned i = 0; i < arguments_of(call.function); i++) line(" {:x}", call.arguments[i]);
    }
    line("\n");
  }

  static unsigned arguments_of(const std::string& function) {
    if (function == "put_iova_domain" || function == "iova_domain_init_rcaches") return 0;
    if (function == "free_iova" || function == "__free_iova" || function == "find_iova" ||
        function == "iommu_dma_init_fq")
      return 1;
    if (function == "alloc_iova" || function == "alloc_iova_fast" || function == "queue_iova")
      return 3;
    return 2;
  }

  void answer(const Open& open, const Call& call, const void* domain, const void* node) {
    const std::string& function = call.function;
    const bool is_node =
        function == "alloc_iova" || function == "find_iova" || function == "reserve_iova";
    if (node)
      say("{:x}-{:x}", call.result, variant_->pfn_hi(node));
    else if (is_node)
      say("-");
    else if (function == "alloc_iova_fast")
      say("{:x}", call.result);
    else if (function == "iova_cache_get" || function == "iova_domain_init_rcaches" ||
             function == "iommu_dma_init_fq")
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
                   open.before.kmalloc_objects + open.before.cache_objects),
        difference(after.percpu_objects, open.before.percpu_objects));
    if (function == "put_iova_domain") return say("\n");
    say_fields(domain);
    if (variant_->views & IOVA_VIEW_NODES && ++since_tree_ > nodes_ / 4)
      tree(number_of(call.domain));
  }

  void say_fields(const void* domain) {
    iova_fields fields{};
    if (variant_->views) variant_->fields(domain, &fields);
    if (variant_->views & IOVA_VIEW_CACHED_NODES)
      say(" c{:x} d{:x}", fields.cached_lo, fields.cached32_lo);
    if (variant_->views & IOVA_VIEW_HINT && !variant_->lacks_hint)
      say(" h{:x}", fields.max32_alloc_size);
    iova_queue_fields queue{};
    if (variant_->queue && variant_->views & IOVA_VIEW_RINGS) {
      variant_->queue->fields(domain, &queue);
      if (queue.exists)
        say(" q{:x} s{:x} f{:x}", engine::queued_in(*variant_, domain), queue.started,
            queue.finished);
    }
    say("\n");
  }

  void tree(unsigned number) {
    const void* domain = memory_[number];
    if (!domain || !(variant_->views & IOVA_VIEW_NODES)) return;
    struct Sum {
      uint64_t nodes = 0, hash = 0;
    } sum;
    variant_->each_node(
        domain,
        [](void* context, unsigned long lo, unsigned long hi) {
          Sum& all = *static_cast<Sum*>(context);
          all.nodes++;
          // Same hash as in in_linux/replay.c.
          all.hash = (all.hash ^ lo) * 0x9e3779b97f4a7c15;
          all.hash = (all.hash ^ hi) * 0x9e3779b97f4a7c15;
          return true;
        },
        &sum);
    on_cpu(raw_smp_processor_id());
    line("tree {:x}\n", number);
    say("t{} {:x}\n", sum.nodes, sum.hash);
    nodes_ = sum.nodes;
    since_tree_ = 0;
  }

  const iova_variant* variant_ = nullptr;
  bool fails_creations_ = false;
  fmt::memory_buffer lines_, answers_;
  uint64_t calls_ = 0, faults_ = 0;
  size_t said_ = 0;  // number of answer lines
  std::string dies_of_;
  std::optional<size_t> unsaid_at_, dies_at_;
  bool is_over_ = false;  // the call misuses memory, and Linux may die here
  std::vector<CallList::Found> found_;
  std::set<std::string> found_ids_;
  unsigned domains_[program::max_domains] = {none, none, none, none};
  const void* memory_[program::max_domains] = {};
  uint64_t since_tree_ = 0, nodes_ = 0;
  unsigned cpu_ = 0;  // current CPU of the list
  Time time_;
  size_t operation_ = 0;
  uint64_t objects_ = 0;  // of the last added call
  std::vector<Open> open_;
  std::vector<LastingFlush> lasting_;
  bool were_pending_ = false;  // events were pending at the last settle()
};

Listing listing;

template <bool fails_creations>
const iova_variant& listened(const iova_variant& real) {
  listing.use(real, fails_creations);
  reproducer::observe({.on_reset = [] { listing.reset(); },
                       .on_begin = [](const Call& call) { listing.begin(call); },
                       .on_end = [](const Call& call, const iova_variant&, const void* domain,
                                    const void* node) { listing.end(call, domain, node); }});
  return reproducer::recorded(real);
}

// With one CPU, no calls overlap.
template <bool fails_creations, bool has_one_cpu>
constexpr Watcher watcher{
    .variant = listened<fails_creations>,
    .on_finding = [](const shim::Finding& finding) { listing.find(finding); },
    .words = [] { return listing.words(); },
    .in_sequence = has_one_cpu,
};

}  // namespace

const Watcher& listing_watcher(const Abilities& abilities) {
  if (abilities.fails_creations)
    return abilities.cpus == 1 ? watcher<true, true> : watcher<true, false>;
  return abilities.cpus == 1 ? watcher<false, true> : watcher<false, false>;
}

Listed listed(const std::string& words) {
  const size_t head = words.find('\n'), half = words.find('\f');
  std::istringstream numbers(words.substr(0, head));
  std::string unsaid_at, dies_at, dies_of;
  Listed listed;
  CallList& list = listed.list;
  numbers >> list.calls >> list.faults >> list.is_cut >> unsaid_at >> dies_at >> dies_of;
  if (unsaid_at != "-") listed.unsaid_at = std::stoul(unsaid_at);
  if (dies_at != "-") listed.dies_at = std::stoul(dies_at);
  if (dies_of != "-") list.dies_of = dies_of;
  for (std::string found; numbers >> found;) {
    const size_t colon = found.find(':');
    list.found.push_back({found.substr(0, colon), std::stoul(found.substr(colon + 1))});
  }
  list.lines = words.substr(head + 1, half - head - 1);
  list.answers = words.substr(half + 1);
  return listed;
}

}  // namespace tool
