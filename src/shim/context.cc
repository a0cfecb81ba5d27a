// SPDX-License-Identifier: GPL-2.0-only
#include "context.h"

#include <fmt/core.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cpu.h"
#include "fault.h"
#include "world.h"

// AddressSanitizer must know of every change of stacks.
extern "C" {
__attribute__((weak)) void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom,
                                                          size_t size);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom,
                                                           size_t* size);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void* memory, size_t size);
}

namespace shim {

uint64_t facility::points_left = 0;  // of the running context

namespace {

constexpr size_t stack_size = size_t{1} << 20;  // bytes; touched as needed

struct Stack {
  const void* bottom = nullptr;
  size_t size = 0;
};

struct Fiber {
  unsigned char* memory = nullptr;
  ucontext_t registers, resumer;
  Stack stack, resumer_stack;
  void (*function)(void*) = nullptr;
  void* argument = nullptr;
  bool ended = true;
  bool is_new = false;      // it has not run yet
  bool has_points = false;  // scheduling points may suspend it
  bool is_awaited = false;  // it runs because another context waits for it, on any CPU
  Fiber* outer = nullptr;   // the context that resumed it
  const char* before = "";
  const shim_site* site = nullptr;
  // State of this context while it is suspended; while it runs, state of the one that resumed it.
  LockState locks;
  FaultState faults;
  const void* handler = nullptr;
  unsigned cpu = 0;
  uint64_t points = 0, points_of_program = 0;
};

Fiber fibers[max_suspended];
Fiber* stopped[max_suspended];  // the suspended ones, oldest first
size_t suspended_count;
Fiber* running;  // NULL: the main context
ContextObserver observer;
void (*point_observer)(bool at_point);
uint64_t points_of_program;  // counts down if an observer makes points_left stop at each point
void (*outside)();           // of leave_contexts(): runs in the main context

void exchange_state(Fiber& fiber) {
  facility::exchange_locks(fiber.locks);
  facility::exchange_faults(fiber.faults);
  std::swap(facility::points_left, fiber.points);
  std::swap(points_of_program, fiber.points_of_program);
  fiber.handler = facility::exchange_running_handler(fiber.handler);
  unsigned cpu = raw_smp_processor_id();
  shim_set_current_cpu(fiber.cpu);
  fiber.cpu = cpu;
  observer.exchange(fiber.argument);
}

// Does what swapcontext() does, for which AddressSanitizer would print a warning in every log.
[[gnu::noinline]] void switch_registers(ucontext_t& from, const ucontext_t& to) {
  volatile bool resumed = false;
  getcontext(&from);
  if (resumed) return;
  resumed = true;
  setcontext(&to);
}

void leave(Fiber& fiber, bool for_good) {
  void* fake_stack = nullptr;
  if (__sanitizer_start_switch_fiber)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack, fiber.resumer_stack.bottom,
                                   fiber.resumer_stack.size);
  switch_registers(fiber.registers, fiber.resumer);
  if (__sanitizer_finish_switch_fiber)
    __sanitizer_finish_switch_fiber(fake_stack, &fiber.resumer_stack.bottom,
                                    &fiber.resumer_stack.size);
}

// is_awaited: the running context waits for this one.
void enter(Fiber& fiber, bool is_awaited = true) {
  observer.before();
  fiber.outer = std::exchange(running, &fiber);
  exchange_state(fiber);
  const bool is_told = point_observer && !std::exchange(fiber.is_new, false);
  if (is_told) point_observer(false);
  void* fake_stack = nullptr;
  if (__sanitizer_start_switch_fiber)
    __sanitizer_start_switch_fiber(&fake_stack, fiber.stack.bottom, fiber.stack.size);
  switch_registers(fiber.resumer, fiber.registers);
  if (__sanitizer_finish_switch_fiber)
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
  exchange_state(fiber);
  running = fiber.outer;
  if (!outside) {
    if (is_told && is_awaited) point_observer(false);
    return;
  }
  if (running) leave(*running, false);
  std::exchange(outside, nullptr)();
}

void run_fiber() {
  Fiber& fiber = *running;
  if (__sanitizer_finish_switch_fiber)
    __sanitizer_finish_switch_fiber(nullptr, &fiber.resumer_stack.bottom,
                                    &fiber.resumer_stack.size);
  fiber.function(fiber.argument);
  fiber.ended = true;
  leave(fiber, true);
}

Fiber* free_fiber() {
  for (Fiber& fiber : fibers)
    if (fiber.ended) return &fiber;
  return nullptr;
}

void prepare(Fiber& fiber) {
  if (!fiber.memory) {
    void* memory = mmap(nullptr, stack_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      fmt::print(stderr, "cannot map {} bytes for a stack\n", stack_size);
      abort();
    }
    fiber.memory = static_cast<unsigned char*>(memory);
    fiber.stack = {memory, stack_size};
  }
  // The last frames of the previous function never return, run_fiber() and its callees, so that a
  // few hundred bytes stay poisoned. Uninstrumented code will use them.
  constexpr size_t last_frames = 16 << 10;
  if (__asan_unpoison_memory_region)
    __asan_unpoison_memory_region(fiber.memory + stack_size - last_frames, last_frames);
  getcontext(&fiber.registers);
  fiber.registers.uc_stack.ss_sp = fiber.memory;
  fiber.registers.uc_stack.ss_size = stack_size;
  fiber.registers.uc_link = nullptr;
  makecontext(&fiber.registers, run_fiber, 0);
  fiber.locks = {};
  fiber.faults = facility::take_faults();
  fiber.handler = nullptr;
  fiber.cpu = raw_smp_processor_id();
  fiber.ended = fiber.is_awaited = false;
  fiber.is_new = true;
}

Room room_of(const Fiber& fiber) { return facility::room_beside(fiber.locks); }

Fiber* take(size_t i) {
  Fiber* fiber = stopped[i];
  suspended_count--;
  for (; i < suspended_count; i++) stopped[i] = stopped[i + 1];
  return fiber;
}

bool go_on(Fiber& fiber, uint64_t points) {
  fiber.points = point_observer ? 1 : points;
  fiber.points_of_program = points;
  enter(fiber, false);
  if (!fiber.ended) stopped[suspended_count++] = &fiber;
  return fiber.ended;
}

// Index of the context that keeps the i-th from its CPU; suspended_count if there is none.
size_t on_top_of(size_t i) {
  size_t top = i + 1;
  while (top < suspended_count &&
         (stopped[top]->cpu != stopped[i]->cpu || room_of(*stopped[top]) == Room::tasks))
    top++;
  return std::min(top, suspended_count);
}

bool others_can_go_on() {
  if (facility::room_here() != Room::none) return true;
  for (unsigned cpu = 0; cpu < num_possible_cpus(); cpu++)
    if (cpu != raw_smp_processor_id() && cpu_online(cpu) && !is_busy(cpu)) return true;
  return false;
}

}  // namespace

bool can_start_context() { return !running && free_fiber(); }
bool in_started_context() { return running; }

bool start_context(void (*function)(void*), void* argument, uint64_t points) {
  Fiber& fiber = *free_fiber();
  fiber.function = function;
  fiber.argument = argument;
  prepare(fiber);
  fiber.has_points = points;
  bool ended = go_on(fiber, points);
  if (ended) facility::exchange_faults(fiber.faults);
  return ended;
}

static void suspend_context(const char* before, const shim_site* site) {
  observer.before();
  running->before = before;
  running->site = site;
  leave(*running, false);
}

void suspend_context() { suspend_context("", nullptr); }

void facility::reach_point(const char* before, const shim_site* site) {
  if (point_observer && !(running && running->is_awaited)) {
    point_observer(true);
    points_left = 1;
    if (!points_of_program || --points_of_program) return;
  }
  if (!running || !(running->is_awaited || others_can_go_on())) return;
  suspend_context(before, site);
}

void leave_contexts(void (*function)()) {
  if (running) {
    outside = function;
    leave(*running, false);
  }
  function();
  abort();
}

size_t suspended_contexts() { return suspended_count; }

Suspended suspended(size_t i) {
  const Fiber& fiber = *stopped[i];
  return {fiber.argument, fiber.cpu, fiber.before, fiber.site};
}

bool is_busy(unsigned cpu) {
  return std::any_of(stopped, stopped + suspended_count,
                     [cpu](const Fiber* fiber) { return fiber->cpu == cpu; });
}

Room room_on(unsigned cpu) {
  Room room = Room::tasks;
  for (size_t i = 0; i < suspended_count; i++)
    if (stopped[i]->cpu == cpu) room = std::min(room, room_of(*stopped[i]));
  return room;
}

bool can_resume(size_t i) { return on_top_of(i) == suspended_count; }

bool resume_context(size_t i, uint64_t points) { return go_on(*take(i), points); }

bool may_migrate(size_t i) { return room_of(*stopped[i]) == Room::tasks; }

void migrate_context(size_t i, unsigned cpu) {
  Fiber* fiber = take(i);
  facility::note_migration(fiber->cpu, cpu);
  fiber->cpu = cpu;
  stopped[suspended_count++] = fiber;
}

void finish_context(size_t i) {
  Fiber* fiber = stopped[i];
  // A context on top may itself wait for this one, and thereby finish it.
  while (i = std::find(stopped, stopped + suspended_count, fiber) - stopped, i < suspended_count) {
    size_t top = on_top_of(i);
    if (top < suspended_count) {
      finish_context(top);
      continue;
    }
    take(i);
    fiber->points = fiber->points_of_program = 0;
    while (!fiber->ended) enter(*fiber);
    return;
  }
}

void facility::let_go_on(size_t i) {
  Fiber* fiber = stopped[i];
  const size_t top = on_top_of(i);
  if (top < suspended_count) return finish_context(top);
  if (!fiber->has_points) return finish_context(i);
  take(i);
  fiber->points = 1;
  fiber->points_of_program = 0;
  fiber->is_awaited = true;
  enter(*fiber);
  fiber->is_awaited = false;
  if (fiber->ended) return;
  // The context keeps its position.
  i = std::min(i, suspended_count);
  std::copy_backward(stopped + i, stopped + suspended_count, stopped + suspended_count + 1);
  stopped[i] = fiber;
  suspended_count++;
}

const LockState& facility::locks_of_suspended(size_t i) { return stopped[i]->locks; }
const void* facility::context_at_hand() { return running; }
const void* facility::suspended_context(size_t i) { return stopped[i]; }

void set_point_observer(void (*told)(bool at_point)) { point_observer = told; }
void set_context_observer(const ContextObserver& told) { observer = told; }

void facility::reset_contexts() {
  // Contexts of a run that was given up are still suspended.
  for (Fiber& fiber : fibers) {
    // Its frames are abandoned without a return, so their poison stays.
    if (!fiber.ended) forget_locks(fiber.locks);
    if (!fiber.ended && __asan_unpoison_memory_region)
      __asan_unpoison_memory_region(fiber.memory, stack_size);
    fiber.ended = true;
  }
  suspended_count = 0;
  running = nullptr;
  outside = nullptr;
  points_left = point_observer ? 1 : 0;
  points_of_program = 0;
}

}  // namespace shim
