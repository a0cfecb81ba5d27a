// SPDX-License-Identifier: GPL-2.0-only
#include "races.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "atomic.h"
#include "context.h"
#include "cpu.h"
#include "footprint.h"
#include "locks.h"
#include "object.h"
#include "store_buffer.h"
#include "symbols.h"
#include "world.h"

namespace shim {

bool facility::watches_races = false;
std::vector<Ordered>* facility::order_record = nullptr;
const facility::OrderListener* facility::order_listener = nullptr;
using facility::order_listener;
using facility::watches_races;

namespace {

enum StrandKind : unsigned { task, timer, work };
constexpr unsigned max_strands = 3 * SHIM_MAX_CPUS;  // kind by kind

// A vector clock: the time up to which each strand is known.
struct Clock {
  std::array<uint32_t, max_strands> at{};
  void join(const Clock& other) {
    for (unsigned i = 0; i < max_strands; i++) at[i] = std::max(at[i], other.at[i]);
  }
};

struct Access {
  uintptr_t instruction;
  uint32_t operation, time;  // on its strand
  uint16_t locks;            // index of lock_sets
  uint8_t strand;
  uint8_t bytes;  // a bit for each byte of the word
  bool is_write, is_marked;
  // A marked read on another strand has seen this write and may have passed it on. That orders the
  // write itself, but nothing before it.
  bool is_seen = false;
};

// A word and its latest accesses. A word seldom has more than two variables and three strands; if
// it does, the oldest access is dropped.
struct Cell {
  uintptr_t word = 0;  // its address / 8
  uint32_t run = 0;    // cells of other runs are empty
  uint8_t count = 0, oldest = 0;
  Access accesses[8];
};

using LockSet = std::array<const shim_lock_class*, 4>;

constexpr size_t cells_size = 1 << 16, most_races = 16;

uint32_t runs;
std::array<Clock, max_strands> clocks;
std::unordered_map<const void*, Clock> orders;

// Order that barriers and marked accesses create.
constexpr size_t most_pointers = 4;
struct Fences {
  Clock released;  // at the last write barrier; marked writes publish it
  Clock seen;      // by marked reads; the next read barrier joins it
  std::array<uintptr_t, most_pointers> pointers{};  // the latest that marked reads loaded
  size_t next_pointer = 0;
};
std::array<Fences, max_strands> fences;
std::unordered_map<const void*, Clock> published;
std::vector<Cell> cells;
size_t cells_used;
std::vector<LockSet> lock_sets;  // the first one is empty
uint64_t locks_known_at;         // lock_changes() at that time
uint16_t known_locks;            // index of lock_sets
struct Met {
  Access earlier, later;
  uintptr_t address;
};
std::vector<Met> met;
const volatile void* marked;
unsigned marked_accesses;

unsigned strand_at_hand() {
  StrandKind kind = !facility::is_in_handler() ? task : facility::is_in_timer() ? timer : work;
  return kind * SHIM_MAX_CPUS + raw_smp_processor_id();
}

// Cached, since held locks seldom change between two accesses.
uint16_t locks_at_hand() {
  if (locks_known_at == facility::lock_changes()) return known_locks;
  locks_known_at = facility::lock_changes();
  LockSet held{};
  facility::held_lock_classes(held);
  auto found = std::find(lock_sets.begin(), lock_sets.end(), held);
  if (found == lock_sets.end()) found = lock_sets.insert(found, held);
  return known_locks = static_cast<uint16_t>(found - lock_sets.begin());
}

// Returns NULL if the table has no room for another word.
Cell* cell_of(uintptr_t word) {
  size_t at = (word * 0x9e3779b97f4a7c15u) >> 48;
  static_assert(cells_size == size_t{1} << 16);
  for (;; at = (at + 1) % cells_size) {
    Cell& cell = cells[at];
    if (cell.run == runs && cell.word == word) return &cell;
    if (cell.run == runs) continue;
    if (cells_used == cells_size / 2) return nullptr;
    cells_used++;
    cell.word = word;
    cell.run = runs;
    cell.count = cell.oldest = 0;
    return &cell;
  }
}

bool is_ordered(const Access& earlier, const Clock& now, unsigned strand) {
  return earlier.strand == strand || earlier.time < now.at[earlier.strand];
}

// Whether a dependency on a marked read may order the two.
bool may_depend(const Access& earlier, const Access& later, uintptr_t word) {
  const Fences& mine = fences[later.strand];
  if (earlier.time >= mine.seen.at[earlier.strand]) return false;
  if (later.is_write) return true;
  const Object* object = object_around(reinterpret_cast<const void*>(8 * word));
  return object && std::any_of(mine.pointers.begin(), mine.pointers.end(), [&](uintptr_t pointer) {
           return pointer && object_around(reinterpret_cast<const void*>(pointer)) == object;
         });
}

void see_published(uintptr_t address, size_t size, unsigned strand) {
  Fences& mine = fences[strand];
  auto found = published.find(reinterpret_cast<const void*>(address));
  if (found != published.end()) mine.seen.join(found->second);
  if (size == sizeof(uintptr_t))
    mine.pointers[mine.next_pointer++ % most_pointers] =
        *reinterpret_cast<const uintptr_t*>(address);
}

void note_race(const Access& earlier, const Access& later, uintptr_t address) {
  if (met.size() == most_races) return;
  for (const Met& race : met)
    if (race.earlier.instruction == earlier.instruction &&
        race.later.instruction == later.instruction)
      return;
  met.push_back({earlier, later, address});
}

void note_access(uintptr_t word, const Access& access) {
  Cell* cell = cell_of(word);
  if (!cell) return;
  const Clock& now = clocks[access.strand];
  Access* place = nullptr;
  for (unsigned i = 0; i < cell->count; i++) {
    Access& other = cell->accesses[i];
    bool is_order_known = is_ordered(other, now, access.strand);
    if (!is_order_known && (other.bytes & access.bytes) && (other.is_write || access.is_write) &&
        !(other.is_marked && access.is_marked) && !(other.is_seen && !access.is_write) &&
        !may_depend(other, access, word))
      note_race(other, access, 8 * word);
    other.is_seen |= other.is_write && other.is_marked && access.is_marked && !access.is_write;
    // Every access that races with the other one races with this one, too.
    bool says_less = is_order_known && !(other.bytes & ~access.bytes) &&
                     (access.is_write || !other.is_write) && (other.is_marked || !access.is_marked);
    if (says_less && !place) place = &other;
  }
  if (!place && cell->count < std::size(cell->accesses)) place = &cell->accesses[cell->count++];
  if (!place) place = &cell->accesses[cell->oldest++ % std::size(cell->accesses)];
  *place = access;
}

const std::string& function_of(uintptr_t instruction) {
  static std::map<uintptr_t, std::string> known;
  auto [at, is_new] = known.try_emplace(instruction);
  if (is_new) at->second = bare_name(symbol_of(instruction).name);
  return at->second;
}

// An update is a marked read and a marked write of one address. The read is recorded as the update,
// and the write is skipped.
void record_access(uintptr_t address, bool is_write, bool is_marked, const std::string& function) {
  std::vector<Ordered>& record = *facility::order_record;
  if (is_marked && is_write && !record.empty() && record.back().kind == Ordered::update &&
      record.back().word == address / 8)
    return;
  const bool is_update = is_marked && !is_write && marked_accesses;
  record.push_back({is_update  ? Ordered::update
                    : is_write ? Ordered::write
                               : Ordered::read,
                    is_marked, 0, address / 8, current_operation(), function});
}

void access(uintptr_t address, size_t size, bool is_write, uintptr_t instruction,
            const void* frame) {
  bool is_marked = marked_accesses && address == reinterpret_cast<uintptr_t>(marked);
  if (is_marked) marked_accesses--;
  // Local variables are private to their function.
  constexpr uintptr_t deepest = 64 << 10;  // bytes
  if (address - reinterpret_cast<uintptr_t>(frame) < deepest) return;
  note_touch(reinterpret_cast<const void*>(address), size, is_write);
  if (facility::order_record) record_access(address, is_write, is_marked, function_of(instruction));
  const void* const whole = reinterpret_cast<const void*>(address);
  const unsigned strand = strand_at_hand();
  if (order_listener) {
    order_listener->be(strand);
    if (is_marked) order_listener->marked(strand, whole, is_write);
  }
  if (is_marked && !is_write) see_published(address, size, strand);
  Access now{.instruction = instruction,
             .operation = current_operation(),
             .time = clocks[strand].at[strand],
             .locks = locks_at_hand(),
             .strand = static_cast<uint8_t>(strand),
             .bytes = 0,
             .is_write = is_write,
             .is_marked = is_marked};
  for (uintptr_t end = address + size; address < end;) {
    uintptr_t in_word = address % 8, bytes = std::min(end - address, 8 - in_word);
    now.bytes = static_cast<uint8_t>(((1u << bytes) - 1) << in_word);
    note_access(address / 8, now);
    address += bytes;
  }
  if (is_marked && is_write) published[whole].join(fences[strand].released);
}

RacingAccess in_words(const Access& access) {
  static constexpr const char* kinds[] = {"", "timer on ", "work on "};
  RacingAccess words{.function = function_of(access.instruction),
                     .is_write = access.is_write,
                     .is_marked = access.is_marked,
                     .bytes = static_cast<size_t>(__builtin_popcount(access.bytes)),
                     .strand = fmt::format("{}CPU {}", kinds[access.strand / SHIM_MAX_CPUS],
                                           access.strand % SHIM_MAX_CPUS),
                     .locks = "",
                     .held = 0,
                     .operation = access.operation};
  for (const shim_lock_class* lock : lock_sets[access.locks]) {
    if (!lock) break;
    words.locks +=
        fmt::format("{}{} of {}()", words.held++ ? ", " : "", lock->name, lock->function);
  }
  if (!words.held) words.locks = "no lock";
  return words;
}

}  // namespace

void record_order(std::vector<Ordered>* into) { facility::order_record = into; }

void facility::record_ordered(Ordered::Kind kind, const void* address, unsigned order) {
  order_record->push_back(
      {kind, true, order, reinterpret_cast<uintptr_t>(address) / 8, current_operation(), ""});
}

void watch_races(bool watch) {
  watches_races = watch;
  if (!watch) return;
  if (cells.empty()) cells.resize(cells_size);
  runs++;
  cells_used = 0;
  clocks = {};
  for (unsigned i = 0; i < max_strands; i++) clocks[i].at[i] = 1;
  orders.clear();
  fences = {};
  published.clear();
  lock_sets.assign(1, {});
  locks_known_at = ~uint64_t{0};
  met.clear();
  marked_accesses = 0;
  if (order_listener) order_listener->begin();
}

void facility::note_happens_before(const void* address) {
  const unsigned strand = strand_at_hand();
  Clock& now = clocks[strand];
  now.at[strand]++;
  orders[address].join(now);
  if (order_listener) order_listener->before(strand, address);
}

void facility::note_happens_after(const void* address) {
  auto before = orders.find(address);
  if (before != orders.end()) clocks[strand_at_hand()].join(before->second);
  if (order_listener) order_listener->after(strand_at_hand(), address);
}

void facility::reset_races() {
  watches_races = false;
  met.clear();
}

void facility::note_cpu_dead(unsigned cpu) {
  if (!watches_races) return;
  Clock& now = clocks[strand_at_hand()];
  for (unsigned kind : {task, timer, work}) {
    const unsigned strand = kind * SHIM_MAX_CPUS + cpu;
    clocks[strand].at[strand]++;
    now.join(clocks[strand]);
    if (order_listener) order_listener->join(strand, strand_at_hand());
  }
}

void facility::note_cpu_alive(unsigned cpu) {
  if (!watches_races) return;
  const unsigned mine = strand_at_hand();
  Clock& now = clocks[mine];
  now.at[mine]++;
  for (unsigned kind : {task, timer, work}) {
    const unsigned strand = kind * SHIM_MAX_CPUS + cpu;
    clocks[strand].join(now);
    if (order_listener) order_listener->join(mine, strand);
  }
}

void facility::note_migration(unsigned from, unsigned to) {
  if (!watches_races) return;
  for (unsigned kind : {task, timer, work}) {
    const unsigned strand = kind * SHIM_MAX_CPUS + from;
    clocks[strand].at[strand]++;
    Fences& there = fences[kind * SHIM_MAX_CPUS + to];
    clocks[kind * SHIM_MAX_CPUS + to].join(clocks[strand]);
    if (order_listener) order_listener->join(strand, kind * SHIM_MAX_CPUS + to);
    there.released.join(fences[strand].released);
    there.seen.join(fences[strand].seen);
  }
}

std::vector<Race> races() {
  std::vector<Race> told;
  for (const Met& race : met)
    told.push_back({in_words(race.earlier), in_words(race.later),
                    reinterpret_cast<const void*>(race.address)});
  return told;
}

}  // namespace shim

using namespace shim;

extern "C" {

const volatile void* shim_mark(const volatile void* address, const shim_site* site) {
  scheduling_point("before a marked access", site);
  return shim_mark_aside(address);
}

const volatile void* shim_mark_aside(const volatile void* address) {
  if (watches_races) {
    marked = address;
    marked_accesses = 1;
  }
  return address;
}

void shim_mark_update(const volatile void* address, const shim_site* site) {
  shim_mark(address, site);
  marked_accesses *= 2;
}

void shim_mark_update_aside(const volatile void* address) {
  shim_mark_aside(address);
  marked_accesses *= 2;
}

void shim_barrier(enum shim_order order) {
  if (order == SHIM_ALL) {
    if (has_posted_stores()) scheduling_point("before a full barrier", nullptr);
    finish_stores();
  }
  if (!watches_races) return;
  note_ordered(Ordered::barrier, nullptr, order);
  const unsigned strand = strand_at_hand();
  if (order_listener) order_listener->barrier(strand, order);
  Clock& now = clocks[strand];
  if (order & SHIM_READS) now.join(fences[strand].seen);
  if (!(order & SHIM_WRITES)) return;
  now.at[strand]++;
  fences[strand].released = now;
}

void shim_access_aside(const volatile void* address) {
  if (watches_races)
    access(reinterpret_cast<uintptr_t>(address), sizeof(void*), false,
           reinterpret_cast<uintptr_t>(__builtin_return_address(0)) - 1,
           __builtin_frame_address(0));
}

// Instrumented code calls these before each access.
#define ACCESS(name, size, is_write)                                       \
  void __sanitizer_cov_##name##size(const void* address) {                 \
    if (watches_races)                                                     \
      access(reinterpret_cast<uintptr_t>(address), size, is_write,         \
             reinterpret_cast<uintptr_t>(__builtin_return_address(0)) - 1, \
             __builtin_frame_address(0));                                  \
  }
ACCESS(load, 1, false)
ACCESS(load, 2, false)
ACCESS(load, 4, false)
ACCESS(load, 8, false)
ACCESS(load, 16, false)
ACCESS(store, 1, true)
ACCESS(store, 2, true)
ACCESS(store, 4, true)
ACCESS(store, 8, true)
ACCESS(store, 16, true)
#undef ACCESS

}  // extern "C"
