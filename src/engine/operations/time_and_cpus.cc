// SPDX-License-Identifier: GPL-2.0-only
// Operations that pass time, change CPUs, and resume suspended operations.
#include "engine/operations/operations.h"
#include "engine/printing.h"
#include "shim/context.h"
#include "shim/cpu.h"
#include "shim/object.h"
#include "shim/timekeeping.h"

namespace engine::operations {
namespace {

unsigned cpu_of(const Operation& operation) {
  return static_cast<unsigned>(value(operation, Role::cpu).number);
}

// Records that time has passed. waited: suspended operations may have delayed handlers.
void end_time(Run& run, bool waited, uint64_t since) {
  run.shim_events.end_handlers();
  waited = waited || shim::suspended_contexts() || run.overlaps();
  run.outcome("now {} ms", shim_now());
  run.history.add({.kind = Kind::time_passed, .number = waited, .since = since});
}

}  // namespace

// The world was booted with these CPUs.
void cpus(Run& run, const Operation&) {
  if (run.position.current != 0) return run.skip("not the first operation");
  run.outcome("{} CPUs", num_possible_cpus());
}

void cpu(Run& run, const Operation& operation) {
  unsigned cpu = cpu_of(operation);
  if (!cpu_online(cpu)) return run.skip("the CPU is not online");
  if (shim::room_on(cpu) == shim::Room::none)
    return run.skip("an operation suspended there has interrupts off");
  shim_set_current_cpu(cpu);
  run.outcome("on CPU {}", cpu);
}

void offline(Run& run, const Operation& operation) {
  unsigned cpu = cpu_of(operation);
  if (!cpu_online(cpu)) return run.skip("the CPU is not online");
  if (num_online_cpus() == 1) return run.skip("it is the last online CPU");
  unsigned other = idle_cpu(cpu);
  if (other == program::max_cpus) return run.skip("suspended operations keep the other CPUs busy");
  // A preempted task can move to another CPU.
  if (shim::room_on(cpu) != shim::Room::tasks)
    return run.skip("an operation suspended there cannot move");
  for (size_t i = 0; i < shim::suspended_contexts(); i++)
    if (shim::suspended(i).cpu == cpu) run.move(i--, other);
  if (raw_smp_processor_id() == cpu) shim_set_current_cpu(other);
  shim_cpu_offline(cpu);
  run.history.add({.kind = Kind::cpu_offline, .cpu = cpu});
  run.outcome("{} CPUs online, now on CPU {}", num_online_cpus(), raw_smp_processor_id());
}

void online(Run& run, const Operation& operation) {
  unsigned cpu = cpu_of(operation);
  if (cpu >= num_possible_cpus()) return run.skip("the CPU is not possible");
  if (cpu_online(cpu)) return run.skip("the CPU is online");
  if (int error = shim_cpu_online(cpu))
    return run.outcome("the allocator keeps it offline: {}", print_error(error));
  run.history.add({.kind = Kind::cpu_online, .cpu = cpu});
  for (Domain& domain : run.books.domains()) domain.stranded_on &= ~(1u << cpu);
  run.outcome("{} CPUs online", num_online_cpus());
}

void resume(Run& run, const Operation& operation) {
  size_t nth = run.suspended_as(value(operation, Role::strand).number);
  if (nth == shim::suspended_contexts()) return run.skip("no suspended operation has that name");
  if (!shim::can_resume(nth))
    return run.skip_hindered("the operation that interrupts it is suspended, too");
  if (value(operation, Role::here).number) {
    if (!shim::may_migrate(nth)) return run.skip("preemption is off where it is suspended");
    if (shim::room_on(raw_smp_processor_id()) != shim::Room::tasks)
      return run.skip("the CPU has no room for a task");
    run.move(nth, raw_smp_processor_id());
    nth = shim::suspended_contexts() - 1;
  }
  run.go_on(nth);
}

void tick(Run& run, const Operation& operation) {
  advance_time(run, value(operation, Role::ms).number);
}

void idle(Run& run, const Operation&) {
  // Depot work trims one magazine at a time, so there may be one deadline for each object.
  const uint64_t most = 100 + 2 * shim::live_slab_objects();
  Acting ticking(run.position, OpCode::tick);
  bool waits = shim::suspended_contexts();
  const uint64_t since = shim_now();
  uint64_t times = shim_rest(most);
  end_time(run, waits, since);
  bool is_endless = times == most;
  run.history.add({.kind = Kind::idle, .number = is_endless && !waits});
  run.outcome("{} after {} deadlines, now {} ms", is_endless ? "not at rest" : "at rest", times,
              shim_now());
}

void advance_time(Run& run, uint64_t ms) {
  size_t current = run.position.current;
  bool waits = shim::suspended_contexts();
  const uint64_t since = shim_now();
  shim_advance(ms);
  // A suspended operation that ends during another one has waited, too.
  end_time(run, waits || run.position.current != current, since);
}

}  // namespace engine::operations
