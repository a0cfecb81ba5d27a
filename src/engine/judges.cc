// SPDX-License-Identifier: GPL-2.0-only
#include "engine/judges.h"

#include <type_traits>

#include "shim/context.h"

namespace engine {

Traffic Judge::others_beside(const Call& call) const {
  if (!call.may_overlap) return {};
  Traffic others = call.domain->begun;
  others -= call.before;
  return others;
}

bool Judge::is_touched_by_others(const Call& call) const {
  if (!scene_.overlapped) return false;
  return !call.may_overlap || scene_.ambient_begun != call.ambient_before ||
         others_beside(call).calls;
}

namespace {

// The models, and the judges that compare with them.
template <class Listener>
constexpr bool is_reference = std::is_base_of_v<reference::Comparison, Listener> ||
                              std::is_same_v<reference::Models, Listener>;

}  // namespace

// Calls are bound statically: a virtual call would cost as much as most judges do.
template <class... Listeners>
void Judges::tell_begin(Call& call, Listeners&... listeners) {
  ((!is_reference<Listeners> || has_models_ ? listeners.Listeners::begin_call(call) : void()), ...);
}
template <class... Listeners>
void Judges::tell_end(Call& call, Listeners&... listeners) {
  ((!is_reference<Listeners> || has_models_ ? listeners.Listeners::end_call(call) : void()), ...);
}
template <class... Listeners>
void Judges::tell(const Event& event, Listeners&... listeners) {
  ((!is_reference<Listeners> || has_models_ ? listeners.Listeners::hear(event) : void()), ...);
}

void Judges::begin(unsigned views) {
  has_models_ = shows_all_of_models(scene_.variant->views & views);
#define JUDGE(type, name, ...) name.begin();
#include "engine/judges.inc"
#undef JUDGE
}

contract::Explanation::Cause Judges::Causes::explain_refusal(const Domain& domain,
                                                             const Request& request) const {
  const Explanation& hints = judges_.hints_;
  if (!judges_.has_models_) return hints.explain_refusal(domain, request);
  const Cause cause = judges_.models_.explain_refusal(domain, request);
  // The models of a variant that is not strict may have left its way.
  const bool is_unsure =
      !judges_.scene_.variant->strict && cause.oracle == &oracle::spurious_failure;
  return is_unsure ? hints.explain_refusal(domain, request) : cause;
}

void Judges::listen(History& history, bool to_callers) {
  to_callers_ = to_callers;
  history.forget_listeners();
  for (size_t i = 0; i < function_count; i++) history.tell(static_cast<Function>(i), *this);
  for (Kind kind :
       {Kind::operation_begin, Kind::skipped, Kind::operation_end, Kind::flush_begin,
        Kind::flush_end, Kind::pages_put, Kind::release_begin, Kind::release_end,
        Kind::handler_begin, Kind::time_passed, Kind::idle, Kind::cpu_offline, Kind::owner_robbed,
        Kind::finding, Kind::quiet, Kind::look, Kind::looked, Kind::glance, Kind::over})
    history.tell(kind, *this);
}

// Judges read views, which call the shim. Nothing may be suspended meanwhile.
void Judges::hear(const Event& event) {
  shim::Unscheduled judging;
  Books& books = scene_.books;
  switch (event.kind) {
    case Kind::operation_begin: return tell(event, tracer_, failures_);
    case Kind::skipped: return tell(event, tracer_, failures_);
    case Kind::operation_end: return tell(event, tracer_);
    case Kind::flush_begin: return tell(event, books, tracer_);
    case Kind::flush_end: return tell(event, books);
    case Kind::pages_put: return tell(event, flush_queue_);
    case Kind::release_begin: return tell(event, flush_queue_, tracer_, books);
    case Kind::release_end: return tell(event, models_, refusals_);
    case Kind::handler_begin: return tell(event, models_, flush_queue_);
    case Kind::time_passed: return tell(event, models_, flush_queue_);
    case Kind::idle: return tell(event, rest_);
    case Kind::cpu_offline: return tell(event, models_);
    case Kind::owner_robbed: return tell(event, lookups_);
    case Kind::finding: return tell(event, tracer_);
    case Kind::quiet: return tell(event, rings_, fields_, failures_, objects_);
    case Kind::look: return tell(event, structure_, magazines_, rings_, tracer_, objects_);
    case Kind::looked: return tell(event, objects_);
    case Kind::glance: return tell(event, structure_, magazines_);
    case Kind::over: return tell(event, races_);
    default: return;
  }
}

void Judges::begin_call(Call& call) {
  shim::Unscheduled judging;
  Books& books = scene_.books;
  if (call.domain && (call.strand || scene_.overlapped)) {
    Books::note_begin(call);
    call.ambient_before = scene_.ambient_begun - scene_.ambient;
  }
  if (to_callers_) tell_begin(call, duties_);
  switch (call.function) {
    case Function::init_domain: return tell_begin(call, models_, rest_, hints_);
    case Function::reserve: return tell_begin(call, rest_);
    case Function::find: return tell_begin(call, lookups_);
    case Function::queue: return tell_begin(call, flush_queue_, rest_, books);
    case Function::free_pfn: return tell_begin(call, ignored_frees_, books);
    case Function::free_fast: return tell_begin(call, rest_, ignored_frees_, books, refusals_);
    case Function::free_iova: return tell_begin(call, ignored_frees_, books);
    case Function::cache_put:
    case Function::put_domain: return tell_begin(call, books);
    default: return;
  }
}

// The models answer before other judges compare, and the books grant a range after all have judged
// it. The trace has findings, so its place among the judges is part of the hash.
void Judges::end_call(Call& call) {
  shim::Unscheduled judging;
  judge_end(call);
  if (call.may_overlap) Books::note_end(call);
}

void Judges::judge_end(Call& call) {
  Books& books = scene_.books;
  if (to_callers_) tell_end(call, duties_);
  switch (call.function) {
    case Function::cache_get: return tell_end(call, tracer_, failures_, books);
    case Function::cache_put: return;
    case Function::rcache_range: return tell_end(call, magazines_);
    case Function::init_domain: return tell_end(call, failures_, models_, books);
    case Function::init_rcaches: return tell_end(call, tracer_, failures_, models_, books);
    case Function::put_domain: return tell_end(call, flush_queue_, books);
    case Function::alloc:
      tell_end(call, models_, failures_, tracer_);
      call.granted || call.is_no_range ? tell_end(call, grants_)
                                       : tell_end(call, refusals_, refusals_in_tree_);
      return tell_end(call, hints_, placement_, books);
    case Function::alloc_fast:
      tell_end(call, models_, tracer_, flushes_);
      call.granted ? tell_end(call, grants_) : tell_end(call, refusals_, refusals_in_tree_);
      return tell_end(call, hints_, placement_, books);
    case Function::free_pfn: return tell_end(call, models_, ignored_frees_, tracer_, hints_);
    case Function::free_iova: return tell_end(call, models_, tracer_, hints_);
    case Function::free_fast: return tell_end(call, models_, tracer_, refusals_, hints_);
    case Function::find: return tell_end(call, lookups_, pfn_lookups_, tracer_);
    case Function::reserve:
      return tell_end(call, models_, tracer_, failures_, reservations_, books);
    case Function::queue_init: return tell_end(call, tracer_, failures_, books);
    case Function::queue: return tell_end(call, books, tracer_, flush_queue_);
  }
}

}  // namespace engine
