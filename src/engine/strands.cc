// SPDX-License-Identifier: GPL-2.0-only
#include "engine/strands.h"

#include <algorithm>
#include <utility>

#include "shim/cpu.h"
#include "shim/object.h"

namespace engine {

static_assert(program::max_suspended == shim::max_suspended);
static_assert(program::max_cpus == SHIM_MAX_CPUS);

namespace {

// An operation in another context took down the CPU of the caller's own context.
void leave_dead_cpu() {
  if (!cpu_online(raw_smp_processor_id())) shim_set_current_cpu(shim_next_online_cpu(0));
}

}  // namespace

void Strands::begin(bool interleaves) {
  pause_at_ = overlapping_ = 0;
  interleave_ = interleaves;
  for (Strand& strand : strands_) strand.is_in_use = false;
}

void Strands::pause_next(uint64_t point, size_t name) {
  pause_at_ = interleave_ ? point : 0;
  pause_as_ = name;
}

// Changes of CPUs exclude each other (cpus_write_lock()), with or without callbacks.
bool Strands::is_changing_cpus() const {
  return std::any_of(strands_.begin(), strands_.end(), [](const Strand& strand) {
    return strand.is_in_use && strand.position.of_strand &&
           program::spec(strand.position.of_strand->code).changes_cpus;
  });
}

const char* Strands::hindrance(const Operation& operation, bool in_irq) const {
  const program::OperationSpec& spec = program::spec(operation.code);
  if (spec.changes_cpus && overlapping_ && is_changing_cpus()) return "a CPU is going offline";
  if (!shim::suspended_contexts() || !*spec.function || operation.code == OpCode::flush_done)
    return nullptr;
  const bool is_interrupt = in_irq && spec.any_context;
  const shim::Room needed =
      is_interrupt || spec.passes_time ? shim::Room::interrupts : shim::Room::tasks;
  if (shim::room_on(raw_smp_processor_id()) < needed)
    return "an operation suspended on this CPU leaves no room";
  // Operations that a lasting flush suspends keep their callers' order by themselves.
  if (!overlapping_) return nullptr;
  for (const Strand& strand : strands_) {
    // The position of a suspended strand is its own.
    if (!strand.is_in_use || !strand.position.of_strand) continue;
    const Operation& other = *strand.position.of_strand;
    const auto is_either = [&](auto is) { return is(operation.code) || is(other.code); };
    if (!spec.on_domain || !program::spec(other.code).on_domain) continue;
    if (operation.domain != other.domain) continue;
    if (is_either([](OpCode code) {
          return program::spec(code).gives & program::needs::of_a_domain || code == OpCode::put;
        }))
      return "the domain is being initialized or destroyed";
    const bool reserves = operation.code == OpCode::reserve;
    if (reserves != (other.code == OpCode::reserve)) return "reservations come first";
    if (operation.code == OpCode::free_pfn) return "the pfn may be granted right now";
  }
  return nullptr;
}

// The operation may touch every domain without a call: handlers run, or CPUs go off- or online.
static bool is_ambient(const Operation& operation) {
  const program::OperationSpec& spec = program::spec(operation.code);
  return spec.passes_time || spec.changes_cpus;
}

Strands::Fate Strands::start(const Operation& operation, bool flush_lasts) {
  scene_.ambient_begun += is_ambient(operation);
  const bool may_pause =
      pause_at_ && !strands_[pause_as_].is_in_use && program::may_be_suspended(operation.code);
  const bool may_last = flush_lasts && program::spec(operation.code).may_flush;
  if (!(may_pause || may_last) || !shim::can_start_context()) return Fate::not_started;
  // A lasting flush takes the last free name, which programs seldom use.
  size_t name = pause_as_;
  if (!may_pause)
    for (name = strands_.size() - 1; strands_[name].is_in_use;) name--;
  Strand& strand = strands_[name];
  strand = {.among = this, .position = scene_.position};
  strand.is_in_use = true;
  strand.position.of_strand = &operation;  // part of the program, which outlives the context
  strand.position.may_pause = may_pause;
  shim_events_.let_flush_last(flush_lasts);
  unsigned cpu = raw_smp_processor_id();
  bool ended = shim::start_context(
      [](void* argument) {
        Strand& strand = *static_cast<Strand*>(argument);
        strand.among->live(strand);
      },
      &strand, may_pause ? pause_at_ : 0);
  if (ended) {
    scene_.position.outcome = std::move(strand.position.outcome);
    leave_dead_cpu();
    return Fate::ended;
  }
  strand.was_suspended = true;
  scene_.ambient += is_ambient(operation);
  if (may_pause) {
    overlapping_++;
    scene_.overlapped = true;
  }
  if (unsigned idle = idle_cpu(cpu); idle != program::max_cpus) shim_set_current_cpu(idle);
  leave_dead_cpu();
  return Fate::suspended;
}

// Runs in the strand's context, where the run's position is the strand's.
void Strands::live(Strand& strand) {
  body_.execute(*scene_.position.of_strand);
  strand.is_in_use = false;
  if (!strand.was_suspended) return;
  overlapping_ -= scene_.position.may_pause;
  scene_.ambient -= is_ambient(*scene_.position.of_strand);
  shim_events_.settle();
  body_.ended_late();
}

Strands::Fate Strands::resume(size_t nth) {
  const Strand& strand = *static_cast<const Strand*>(shim::suspended(nth).argument);
  scene_.position.resumed = strand.position.of_strand;
  bool ended = shim::resume_context(nth, strand.position.may_pause ? pause_at_ : 0);
  return ended ? Fate::ended : Fate::suspended;
}

void Strands::move(size_t nth, unsigned cpu) {
  const Strand& strand = *static_cast<const Strand*>(shim::suspended(nth).argument);
  if (Call* call = strand.position.call) call->left_cpus |= 1u << shim::suspended(nth).cpu;
  shim::migrate_context(nth, cpu);
}

size_t Strands::suspended_as(size_t name) const {
  size_t nth = 0;
  while (nth < shim::suspended_contexts() && shim::suspended(nth).argument != &strands_[name])
    nth++;
  return nth;
}

void Strands::exchange(Strand& strand) {
  Position& position = scene_.position;
  std::swap(position, strand.position);
  std::swap(position.current, strand.position.current);
  shim_events_.exchange(strand.release);
  shim::set_current_operation(static_cast<uint32_t>(position.running()));
}

}  // namespace engine
