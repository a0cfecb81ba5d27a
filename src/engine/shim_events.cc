// SPDX-License-Identifier: GPL-2.0-only
#include "engine/shim_events.h"

#include <algorithm>

#include "shim/context.h"
#include "shim/cost.h"
#include "shim/cpu.h"
#include "shim/fault.h"

namespace engine {

unsigned idle_cpu(unsigned but) {
  for (unsigned cpu = 0; cpu < num_possible_cpus(); cpu++)
    if (cpu != but && cpu_online(cpu) && !shim::is_busy(cpu)) return cpu;
  return program::max_cpus;
}

void ShimEvents::begin(const iova_variant& variant, bool looks_at_releases) {
  variant_ = &variant;
  looks_at_releases_ = looks_at_releases;
  flush_lasts_ = false;
  release_ = {};
}

Domain* ShimEvents::domain_at(const void* address) const {
  const char* at = static_cast<const char*>(address);
  for (Domain& domain : books_.domains()) {
    const char* start = static_cast<const char*>(domain.memory);
    if (start && at >= start && at < start + variant_->domain_size) return &domain;
  }
  return nullptr;
}

void ShimEvents::on_hardware_flush(const void* address) {
  Domain* domain = domain_at(address);
  if (!domain) return;
  uint64_t number = domain->flushes_started + 1;
  history_.add({.kind = Kind::flush_begin, .domain = domain, .number = number});
  bool others_go_on = idle_cpu(raw_smp_processor_id()) < program::max_cpus;
  if (flush_lasts_ && shim::in_started_context() && others_go_on) {
    flush_lasts_ = false;
    shim::suspend_context();
  }
  shim::scheduling_point("while a hardware flush lasts", nullptr);
  history_.add({.kind = Kind::flush_end, .domain = domain, .number = number});
}

void ShimEvents::begin_release(Domain& domain, Range& range) {
  history_.add({.kind = Kind::release_begin, .domain = &domain, .range = &range});
  release_ = {&domain, &range, raw_smp_processor_id()};
  position_.releasing = true;
  position_.release_start = shim::attempts().size();
}

void ShimEvents::on_free_queued(const void* address, uint64_t pfn) {
  settle();
  Domain* domain = domain_at(address);
  if (!domain || domain->is_being_put) return;  // put_domain() releases its ranges with it
  for (Range& range : domain->queued)
    if (range.lo == pfn) return begin_release(*domain, range);
  history_.add({.kind = Kind::release_begin});
}

// Any list may hold the pages of several ranges, before or after these are freed.
void ShimEvents::note_pages_put(const list_head* list) {
  for (const list_head* page = list->next; page && page != list; page = page->next)
    for (Domain& domain : books_.domains())
      for (Range& range : domain.queued)
        if (range.first_page == page && !domain.is_being_put)
          history_.add({.kind = Kind::pages_put, .domain = &domain, .range = &range});
}

void ShimEvents::on_pages_put(const list_head* list) {
  settle();
  if (variant_->queue->announces_frees) return note_pages_put(list);
  const list_head* first_page = list->next != list ? list->next : nullptr;
  for (Domain& domain : books_.domains()) {
    for (Range& range : domain.queued) {
      // A full queue may free a range at once instead of queueing it. While calls overlap, only the
      // pages identify the range of a list.
      bool is_at_once = !range.list && &range.pages == list;
      bool is_mine = first_page && range.first_page ? range.first_page == first_page
                                                    : range.list == list || is_at_once;
      if (!is_mine) continue;
      if (domain.is_being_put) return;  // put_domain() releases its ranges with it
      return begin_release(domain, range);
    }
  }
  const bool may_be_of_those =
      std::any_of(books_.domains().begin(), books_.domains().end(),
                  [](const Domain& d) { return d.is_being_put && d.has_queue; });
  if (!may_be_of_those) history_.add({.kind = Kind::release_begin});
}

void ShimEvents::end_release() {
  position_.releasing = false;
  Acting freeing(position_, OpCode::free_fast);
  history_.add({.kind = Kind::release_end,
                .cpu = release_.cpu,
                .domain = release_.domain,
                .range = release_.range,
                .number = position_.release_start});
  if (looks_at_releases_) looker_.glance(*release_.domain);
}

void ShimEvents::end_handlers() {
  settle();
  if (handler_began_at_ == none) return;
  handler_steps_ = std::max(handler_steps_, shim::cost().steps - handler_began_at_);
  handler_began_at_ = none;
}

// Handlers run one after the other, and nothing takes steps between them.
void ShimEvents::on_handler(bool is_timer) {
  end_handlers();
  handler_began_at_ = shim::cost().steps;
  history_.add({.kind = Kind::handler_begin, .number = is_timer});
}

void ShimEvents::on_attempt(const shim::Attempt& attempt) {
  history_.add({.kind = Kind::attempt, .attempt = &attempt});
}

}  // namespace engine
