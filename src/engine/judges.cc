// SPDX-License-Identifier: GPL-2.0-only
#include "engine/judges.h"

#include <initializer_list>

namespace engine {
namespace {

// Bound here: a loop over virtual functions would cost as much as most of them do.
template <class... Listeners>
void tell_begin(Call& call, Listeners&... listeners) {
  (listeners.Listeners::begin_call(call), ...);
}
template <class... Listeners>
void tell_end(Call& call, Listeners&... listeners) {
  (listeners.Listeners::end_call(call), ...);
}
template <class... Listeners>
void tell(const Event& event, Listeners&... listeners) {
  (listeners.Listeners::hear(event), ...);
}

}  // namespace

Judges::Judges(Scene& scene, Tracer& tracer)
    : models(scene), failures(scene), structure(scene), scene_(scene), tracer_(tracer),
      duties_(scene), grants_(scene), lookups_(scene), flush_queue_(scene),
      refusals_(scene, models), refusals_in_tree_(scene, models), pfn_lookups_(scene),
      reservations_(scene), rings_(scene), flushes_(scene, models), placement_(scene, models),
      fields_(scene, models), magazines_(scene, models), objects_(scene, models) {}

void Judges::begin() {
  for (Judge* judge : std::initializer_list<Judge*>{
           &models, &failures, &duties_, &grants_, &lookups_, &flush_queue_, &refusals_,
           &refusals_in_tree_, &pfn_lookups_, &reservations_, &structure, &rings_, &flushes_,
           &placement_, &fields_, &magazines_, &objects_})
    judge->begin();
}

void Judges::listen(History& history, bool to_callers) {
  to_callers_ = to_callers;
  history.forget_listeners();
  for (size_t i = 0; i < function_count; i++) history.tell(static_cast<Function>(i), *this);
  for (Kind kind :
       {Kind::operation_begin, Kind::skipped, Kind::operation_end, Kind::flush_begin,
        Kind::flush_end, Kind::pages_put, Kind::release_end, Kind::handler_begin, Kind::time_passed,
        Kind::cpu_offline, Kind::finding, Kind::quiet, Kind::look, Kind::looked, Kind::glance})
    history.tell(kind, *this);
}

void Judges::hear(const Event& event) {
  Books& books = scene_.books;
  switch (event.kind) {
    case Kind::operation_begin: return tell(event, tracer_, failures);
    case Kind::skipped: return tell(event, tracer_, failures);
    case Kind::operation_end: return tell(event, tracer_);
    case Kind::flush_begin: return tell(event, books, tracer_);
    case Kind::flush_end: return tell(event, books);
    case Kind::pages_put: return tell(event, flush_queue_, tracer_, books);
    case Kind::release_end: return tell(event, models, refusals_);
    case Kind::handler_begin: return tell(event, models);
    case Kind::time_passed: return tell(event, models, flush_queue_);
    case Kind::cpu_offline: return tell(event, models);
    case Kind::finding: return tell(event, tracer_);
    case Kind::quiet: return tell(event, rings_, fields_, failures, objects_);
    case Kind::look: return tell(event, structure, magazines_, rings_, tracer_, objects_);
    case Kind::looked: return tell(event, objects_);
    case Kind::glance: return tell(event, structure, magazines_);
    default: return;
  }
}

void Judges::begin_call(Call& call) {
  Books& books = scene_.books;
  if (to_callers_) tell_begin(call, duties_);
  switch (call.function) {
    case Function::init_domain: return tell_begin(call, models, refusals_);
    case Function::queue: return tell_begin(call, flush_queue_, books);
    case Function::put_domain:
    case Function::free_pfn:
    case Function::free_iova:
    case Function::free_fast: return tell_begin(call, books);
    default: return;
  }
}

// The models answer before anybody compares, and the books grant a range after all have judged it.
// Findings are in the trace, too: where it stands among the judges is part of its hash.
void Judges::end_call(Call& call) {
  Books& books = scene_.books;
  if (to_callers_) tell_end(call, duties_);
  switch (call.function) {
    case Function::cache_get: return tell_end(call, tracer_, failures, books);
    case Function::cache_put: return tell_end(call, books);
    case Function::rcache_range: return tell_end(call, magazines_);
    case Function::init_domain: return tell_end(call, models, books);
    case Function::init_rcaches: return tell_end(call, tracer_, failures, models, books);
    case Function::put_domain: return tell_end(call, flush_queue_, books);
    case Function::alloc:
      tell_end(call, models, failures, tracer_);
      call.granted || call.is_no_range ? tell_end(call, grants_)
                                       : tell_end(call, refusals_, refusals_in_tree_);
      return tell_end(call, placement_, books);
    case Function::alloc_fast:
      tell_end(call, models, tracer_, flushes_);
      call.granted ? tell_end(call, grants_) : tell_end(call, refusals_, refusals_in_tree_);
      return tell_end(call, placement_, books);
    case Function::free_pfn:
    case Function::free_iova: return tell_end(call, models, tracer_);
    case Function::free_fast: return tell_end(call, models, tracer_, refusals_);
    case Function::find: return tell_end(call, lookups_, pfn_lookups_, tracer_);
    case Function::reserve: return tell_end(call, models, tracer_, failures, reservations_, books);
    case Function::queue_init: return tell_end(call, tracer_, failures, books);
    case Function::queue: return tell_end(call, books, tracer_, flush_queue_);
  }
}

}  // namespace engine
