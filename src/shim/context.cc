// SPDX-License-Identifier: GPL-2.0-only
#include "context.h"

#include <fmt/core.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cpu.h"
#include "world.h"

// AddressSanitizer is told of every change of stacks.
extern "C" {
__attribute__((weak)) void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom,
                                                          size_t size);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom,
                                                           size_t* size);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void* memory, size_t size);
}

namespace shim {
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
  Fiber* outer = nullptr;  // what runs in the one that resumed it
  // While suspended; while it runs, those of the one that resumed it.
  LockState locks;
  const void* handler = nullptr;
  unsigned cpu = 0;
};

Fiber fibers[max_suspended];
Fiber* suspended[max_suspended];  // the oldest first
size_t suspended_count;
Fiber* running;  // NULL: what nobody started

void exchange_state(Fiber& fiber) {
  facility::exchange_locks(fiber.locks);
  fiber.handler = facility::exchange_running_handler(fiber.handler);
  unsigned cpu = raw_smp_processor_id();
  shim_set_current_cpu(fiber.cpu);
  fiber.cpu = cpu;
}

// As swapcontext() does, which AddressSanitizer would warn of in every log.
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

void enter(Fiber& fiber) {
  fiber.outer = std::exchange(running, &fiber);
  exchange_state(fiber);
  void* fake_stack = nullptr;
  if (__sanitizer_start_switch_fiber)
    __sanitizer_start_switch_fiber(&fake_stack, fiber.stack.bottom, fiber.stack.size);
  switch_registers(fiber.resumer, fiber.registers);
  if (__sanitizer_finish_switch_fiber)
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
  exchange_state(fiber);
  running = fiber.outer;
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
  // The frames that the last function ended in never return: run_fiber() and below, a few hundred
  // bytes. What is not instrumented takes their place.
  constexpr size_t last_frames = 16 << 10;
  if (__asan_unpoison_memory_region)
    __asan_unpoison_memory_region(fiber.memory + stack_size - last_frames, last_frames);
  getcontext(&fiber.registers);
  fiber.registers.uc_stack.ss_sp = fiber.memory;
  fiber.registers.uc_stack.ss_size = stack_size;
  fiber.registers.uc_link = nullptr;
  makecontext(&fiber.registers, run_fiber, 0);
  fiber.locks = {};
  fiber.handler = nullptr;
  fiber.cpu = raw_smp_processor_id();
  fiber.ended = false;
}

}  // namespace

bool can_start_context() { return !running && free_fiber(); }
bool in_started_context() { return running; }

bool start_context(void (*function)(void*), void* argument) {
  Fiber& fiber = *free_fiber();
  fiber.function = function;
  fiber.argument = argument;
  prepare(fiber);
  enter(fiber);
  if (!fiber.ended) suspended[suspended_count++] = &fiber;
  return fiber.ended;
}

void suspend_context() { leave(*running, false); }

size_t suspended_contexts() { return suspended_count; }
unsigned cpu_of_suspended(size_t i) { return suspended[i]->cpu; }

bool is_busy(unsigned cpu) {
  for (size_t i = 0; i < suspended_count; i++)
    if (suspended[i]->cpu == cpu) return true;
  return false;
}

void finish_oldest_context() {
  Fiber& fiber = *suspended[0];
  suspended_count--;
  for (size_t i = 0; i < suspended_count; i++) suspended[i] = suspended[i + 1];
  while (!fiber.ended) enter(fiber);
}

void facility::reset_contexts() {
  // Those of a run that was given up.
  for (Fiber& fiber : fibers) {
    // Its frames are gone without having been left.
    if (!fiber.ended && __asan_unpoison_memory_region)
      __asan_unpoison_memory_region(fiber.memory, stack_size);
    fiber.ended = true;
  }
  suspended_count = 0;
  running = nullptr;
}

}  // namespace shim
