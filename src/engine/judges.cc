// SPDX-License-Identifier: GPL-2.0-only
#include "engine/judges.h"

#include <initializer_list>

namespace engine {

Judges::Judges(Scene& scene)
    : models(scene), failures(scene), scene_(scene), duties_(scene), grants_(scene),
      lookups_(scene), flush_queue_(scene), refusals_(scene, models), pfn_lookups_(scene),
      reservations_(scene), structure_(scene), rings_(scene), flushes_(scene, models),
      placement_(scene, models), fields_(scene, models), magazines_(scene, models),
      objects_(scene, models) {}

void Judges::begin() {
  for (Judge* judge : std::initializer_list<Judge*>{
           &models, &failures, &duties_, &grants_, &lookups_, &flush_queue_, &refusals_,
           &pfn_lookups_, &reservations_, &structure_, &rings_, &flushes_, &placement_, &fields_,
           &magazines_, &objects_})
    judge->begin();
}

void Judges::listen(History& history, Tracer& tracer, bool to_callers) {
  Books& books = scene_.books;
  history.forget_listeners();
  using Listeners = std::initializer_list<Listener*>;
  auto tell = [&](Kind kind, Listeners listeners) {
    for (Listener* listener : listeners) history.tell(kind, *listener);
  };
  auto tell_begin = [&](Function function, Listeners listeners) {
    if (to_callers) history.tell_begin(function, duties_);
    for (Listener* listener : listeners) history.tell_begin(function, *listener);
  };
  auto tell_end = [&](Function function, Listeners listeners) {
    if (to_callers) history.tell_end(function, duties_);
    for (Listener* listener : listeners) history.tell_end(function, *listener);
  };

  // The models answer before anybody compares, and the books grant a range after all have judged
  // it. Findings are in the trace, too: where it stands among the judges is part of its hash.
  tell_begin(Function::cache_get, {});
  tell_end(Function::cache_get, {&tracer, &failures, &books});
  tell_begin(Function::cache_put, {});
  tell_end(Function::cache_put, {&books});
  tell_end(Function::rcache_range, {&magazines_});
  tell_begin(Function::init_domain, {&models});
  tell_end(Function::init_domain, {&models, &books});
  tell_begin(Function::init_rcaches, {});
  tell_end(Function::init_rcaches, {&tracer, &failures, &models, &books});
  tell_begin(Function::put_domain, {&books});
  tell_end(Function::put_domain, {&flush_queue_, &books});
  tell_begin(Function::alloc, {&books});
  tell_end(Function::alloc,
           {&models, &failures, &tracer, &grants_, &refusals_, &placement_, &books});
  tell_begin(Function::alloc_fast, {&books});
  tell_end(Function::alloc_fast,
           {&models, &tracer, &flushes_, &failures, &grants_, &refusals_, &placement_, &books});
  for (Function free : {Function::free_pfn, Function::free_iova, Function::free_fast}) {
    tell_begin(free, {&books});
    tell_end(free, {&models, &tracer});
  }
  tell_begin(Function::find, {});
  tell_end(Function::find, {&lookups_, &pfn_lookups_, &tracer});
  tell_begin(Function::reserve, {});
  tell_end(Function::reserve, {&models, &tracer, &failures, &reservations_, &books});
  tell_begin(Function::queue_init, {});
  tell_end(Function::queue_init, {&tracer, &failures, &books});
  tell_begin(Function::queue, {&flush_queue_, &books});
  tell_end(Function::queue, {&books, &tracer, &flush_queue_});

  tell(Kind::operation_begin, {&tracer, &failures});
  tell(Kind::skipped, {&tracer, &failures});
  tell(Kind::operation_end, {&tracer});
  tell(Kind::flush_begin, {&books, &tracer});
  tell(Kind::flush_end, {&books});
  tell(Kind::pages_put, {&flush_queue_, &tracer, &books});
  tell(Kind::release_end, {&models});
  tell(Kind::handler_begin, {&models});
  tell(Kind::time_passed, {&models, &flush_queue_});
  tell(Kind::cpu_offline, {&models});
  tell(Kind::finding, {&tracer});
  tell(Kind::quiet, {&rings_, &fields_, &failures, &objects_});
  tell(Kind::look, {&structure_, &magazines_, &rings_, &tracer, &objects_});
  tell(Kind::looked, {&objects_});
  tell(Kind::glance, {&structure_, &magazines_});
}

}  // namespace engine
