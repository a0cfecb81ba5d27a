// SPDX-License-Identifier: GPL-2.0-only
#include "thread_sanitizer.h"

#include <array>

#include "atomic.h"
#include "cpu.h"
#include "races.h"
#include "symbols.h"

// Functions of ThreadSanitizer's runtime.
extern "C" {
void* __tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
int8_t __tsan_atomic8_load(const volatile int8_t* address, int order);
int16_t __tsan_atomic16_load(const volatile int16_t* address, int order);
int32_t __tsan_atomic32_load(const volatile int32_t* address, int order);
int64_t __tsan_atomic64_load(const volatile int64_t* address, int order);
int8_t __tsan_atomic8_fetch_add(volatile int8_t* address, int8_t value, int order);
int16_t __tsan_atomic16_fetch_add(volatile int16_t* address, int16_t value, int order);
int32_t __tsan_atomic32_fetch_add(volatile int32_t* address, int32_t value, int order);
int64_t __tsan_atomic64_fetch_add(volatile int64_t* address, int64_t value, int order);
int __tsan_get_report_data(void* report, const char** description, int* count, int* stacks,
                           int* accesses, int* locations, int* mutexes, int* threads,
                           int* unique_threads, void** sleep, unsigned long sleep_size);
int __tsan_get_report_mop(void* report, unsigned long index, int* thread, void** address, int* size,
                          int* is_write, int* is_atomic, void** trace, unsigned long trace_size);
}

namespace shim {
namespace {

constexpr unsigned no_order = 1;  // flag: the switch itself does not order the two fibers
constexpr size_t strands = 3 * SHIM_MAX_CPUS;

std::array<void*, strands> fibers;
// One fiber for each strand, ordered only after its last write barrier. Marked writes publish from
// there.
std::array<void*, strands> messengers;
std::array<char, strands> at_barrier;  // addresses that stand for the last write barriers
std::array<bool, strands> has_barrier;
std::array<char, strands * strands> joins;
unsigned current = strands;
std::vector<SecondOpinion> opinions;

void begin() {
  static char origin;
  __tsan_release(&origin);
  for (void* fiber : fibers) {
    __tsan_switch_to_fiber(fiber, no_order);
    __tsan_release(&origin);
  }
  for (void* fiber : fibers) {
    __tsan_switch_to_fiber(fiber, no_order);
    __tsan_acquire(&origin);
  }
  current = strands;
  has_barrier = {};
  opinions.clear();
}

void be(unsigned strand) {
  if (strand == current) return;
  current = strand;
  __tsan_switch_to_fiber(fibers[strand], no_order);
}

void before(unsigned strand, const void* address) {
  be(strand);
  __tsan_release(const_cast<void*>(address));
}

void after(unsigned strand, const void* address) {
  be(strand);
  __tsan_acquire(const_cast<void*>(address));
}

void join(unsigned from, unsigned to) {
  char& order = joins[from * strands + to];
  before(from, &order);
  after(to, &order);
}

void barrier(unsigned strand, unsigned order) {
  if (!(order & SHIM_WRITES)) return;
  before(strand, &at_barrier[strand]);
  has_barrier[strand] = true;
}

void marked(unsigned strand, const void* address, bool is_write) {
  if (!is_write) return after(strand, address);
  if (!has_barrier[strand]) return;
  __tsan_switch_to_fiber(messengers[strand], no_order);
  __tsan_acquire(&at_barrier[strand]);
  __tsan_release(const_cast<void*>(address));
  __tsan_switch_to_fiber(fibers[strand], no_order);
  current = strand;
}

constexpr facility::OrderListener listener{begin, be, before, after, join, barrier, marked};

}  // namespace

void ask_thread_sanitizer() {
  for (void*& fiber : fibers) fiber = __tsan_create_fiber(0);
  for (void*& fiber : messengers) fiber = __tsan_create_fiber(0);
  facility::order_listener = &listener;
}

std::vector<SecondOpinion> second_opinions() { return opinions; }

}  // namespace shim

extern "C" {

// The runtime makes every report, repeated ones included, and prints none.
const char* __tsan_default_options() {
  return "ignore_interceptors_accesses=1:suppress_equal_stacks=0:suppress_equal_addresses=0:"
         "report_signal_unsafe=0:exitcode=0:history_size=4:symbolize=0:atexit_sleep_ms=0:log_path=/dev/null";
}

void __tsan_on_report(void* report) {
  const char* description = "";
  int count, stacks, accesses = 0, locations, mutexes, threads, unique;
  void* sleep[1];
  __tsan_get_report_data(report, &description, &count, &stacks, &accesses, &locations, &mutexes,
                         &threads, &unique, sleep, 1);
  shim::SecondOpinion opinion{};
  for (int i = 0; i < accesses && i < 2; i++) {
    int thread, size, is_write, is_atomic = 0;
    void *address = nullptr, *trace[1] = {};
    __tsan_get_report_mop(report, static_cast<unsigned long>(i), &thread, &address, &size,
                          &is_write, &is_atomic, trace, 1);
    const std::string function =
        trace[0] ? shim::bare_name(shim::symbol_of(reinterpret_cast<uintptr_t>(trace[0])).name)
                 : "";
    (i ? opinion.earlier : opinion.later) = function;
    (i ? opinion.earlier_is_marked : opinion.later_is_marked) = is_atomic;
    if (!i) opinion.address = reinterpret_cast<uintptr_t>(address);
  }
  // Local variables are private to their function (races.cc).
  constexpr uintptr_t deepest = 1 << 20;
  if (opinion.address - reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) < deepest) return;
  shim::opinions.push_back(opinion);
}

// Instrumented code calls these before each volatile access (-tsan-distinguish-volatile), which is
// a marked access (atomic.h). The write is yet to come, so adding 0 stands for it.
#define MARKED(bits, bytes)                                                      \
  void __tsan_volatile_read##bytes(void* address) {                              \
    __tsan_atomic##bits##_load(static_cast<int##bits##_t*>(address), 0);         \
  }                                                                              \
  void __tsan_volatile_write##bytes(void* address) {                             \
    __tsan_atomic##bits##_fetch_add(static_cast<int##bits##_t*>(address), 0, 0); \
  }
MARKED(8, 1)
MARKED(16, 2)
MARKED(32, 4)
MARKED(64, 8)
#undef MARKED

}  // extern "C"
