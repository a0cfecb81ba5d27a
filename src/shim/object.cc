// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "cache.h"
#include "finding.h"
#include "footprint.h"
#include "unset_memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define SHIM_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHIM_WITH_ASAN 1
#endif
#endif
#ifndef SHIM_WITH_ASAN
#define SHIM_WITH_ASAN 0
#endif

#if SHIM_WITH_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace shim {
namespace {

// Reserved address space: objects use its pages one after another, and those above keep_resident
// are given back between runs.
constexpr size_t arena_size = size_t{1} << 30;
constexpr size_t keep_resident = size_t{16} << 20;  // bytes kept mapped between runs
constexpr size_t granule = 16;                      // objects start at multiples of it
constexpr size_t red_zone = 16;                     // bytes, at least, on either side
constexpr size_t poison_step = size_t{1} << 20;     // bytes poisoned at a time ahead of use

constexpr unsigned char fresh_byte = 0xff;  // a lookalike of the tree's anchor pfn
constexpr unsigned char freed_byte = 0x6b;
constexpr unsigned char red_byte = 0xbb;

unsigned char* map(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    fmt::print(stderr, "cannot map {} bytes for the shim's arena\n", size);
    abort();
  }
  return static_cast<unsigned char*>(memory);
}

struct Arena {
  unsigned char* base = map(arena_size);
  size_t used = red_zone;
  size_t poisoned = 0;  // [0, poisoned) is poisoned but for live objects
  // For each granule: 1 + index of the object that starts there, or 0.
  uint32_t* starts = reinterpret_cast<uint32_t*>(map(arena_size / granule * sizeof(uint32_t)));
  std::vector<Object> objects;
  size_t live_by_kind[object_kinds] = {};
  uint32_t operation = outside_program;
};

Arena& arena() {
  static Arena the_arena;
  return the_arena;
}

size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) & ~(multiple - 1); }

void poison_ahead(Arena& a) {
  while (a.poisoned < a.used + poison_step && a.poisoned < arena_size) {
    ASAN_POISON_MEMORY_REGION(a.base + a.poisoned, poison_step);
    a.poisoned += poison_step;
  }
}

bool all_bytes(const unsigned char* memory, size_t size, unsigned char value) {
  for (size_t i = 0; i < size; i++)
    if (memory[i] != value) return false;
  return true;
}

std::string who(const shim_site* site, uint32_t operation) {
  std::string text =
      site ? fmt::format("in {}() ({}:{})", site->function, site->file, site->line) : "in ?()";
  if (operation == outside_program) return text;
  return text + fmt::format(" by operation {}", operation);
}

}  // namespace

void set_current_operation(uint32_t index) { arena().operation = index; }
uint32_t current_operation() { return arena().operation; }

Object& new_object(ObjectKind kind, const kmem_cache* cache, size_t size, size_t alignment,
                   bool zeroed, const shim_site* site) {
  Arena& a = arena();
  size_t start = round_up(a.used + red_zone, alignment < granule ? granule : alignment);
  size_t end = start + round_up(size, granule) + red_zone;
  if (size > arena_size || end + poison_step > arena_size) {
    fmt::print(stderr,
               "the shim's arena of {} bytes is full: the limits of programs are too high\n",
               arena_size);
    abort();
  }
  unsigned char* memory = a.base + start;
  if (!SHIM_WITH_ASAN) {
    memset(a.base + a.used, red_byte, start - a.used);
    memset(memory + size, red_byte, a.base + end - (memory + size));
  }
  a.used = end;
  poison_ahead(a);
  ASAN_UNPOISON_MEMORY_REGION(memory, size);
  memset(memory, zeroed ? 0 : fresh_byte, size);
  if (!zeroed) mark_unset(memory, size, static_cast<uint32_t>(a.objects.size() + 1));
  Object& object = a.objects.emplace_back();  // in place: a copy would cost more than all below
  object.memory = memory;
  object.size = size;
  object.kind = kind;
  object.live = true;
  object.allocated_by_operation = a.operation;
  object.freed_by_operation = outside_program;
  object.cache = cache;
  object.allocated_at = site;
  a.starts[start / granule] = static_cast<uint32_t>(a.objects.size());
  a.live_by_kind[static_cast<int>(kind)]++;
  if (cache) const_cast<kmem_cache*>(cache)->live++;
  return object;
}

void retire_object(Object& object, const shim_site* site) {
  Arena& a = arena();
  note_touch(object.memory, object.size, true);  // no access before it may come after it
  check_poison(object, site);
  object.live = false;
  object.freed_at = site;
  object.freed_by_operation = a.operation;
  a.live_by_kind[static_cast<int>(object.kind)]--;
  if (object.cache) const_cast<kmem_cache*>(object.cache)->live--;
  if (!SHIM_WITH_ASAN) memset(object.memory, freed_byte, object.size);
  ASAN_POISON_MEMORY_REGION(object.memory, object.size);
  mark_unset(object.memory, object.size, static_cast<uint32_t>(index_of(object) + 1));
}

const Object* origin_object(uint32_t origin) {
  Arena& a = arena();
  return origin && origin <= a.objects.size() ? &a.objects[origin - 1] : nullptr;
}

Object* object_at(const void* address) {
  Arena& a = arena();
  size_t offset = static_cast<const unsigned char*>(address) - a.base;
  if (address < a.base || offset >= a.used || offset % granule) return nullptr;
  uint32_t index = a.starts[offset / granule];
  return index ? &a.objects[index - 1] : nullptr;
}

Object* object_around(const void* address) {
  Arena& a = arena();
  if (address < a.base || address >= a.base + arena_size || a.objects.empty()) return nullptr;
  if (address >= a.base + a.used) return &a.objects.back();
  size_t offset = static_cast<const unsigned char*>(address) - a.base;
  for (size_t i = offset / granule + 1; i-- > 0;) {
    if (!a.starts[i]) continue;
    Object* object = &a.objects[a.starts[i] - 1];
    size_t past = offset - i * granule;
    // Beyond this object's red zone, hence in the red zone before the next object.
    if (past >= round_up(object->size, granule) + red_zone && a.starts[i] < a.objects.size())
      return &a.objects[a.starts[i]];
    return object;
  }
  return &a.objects.front();
}

const unsigned char* end_of_objects() { return arena().base + arena().used; }
size_t live_objects(ObjectKind kind) { return arena().live_by_kind[static_cast<int>(kind)]; }
size_t live_slab_objects() {
  return live_objects(ObjectKind::kmalloc) + live_objects(ObjectKind::cache_object);
}
size_t object_count() { return arena().objects.size(); }
Object& object_by_index(size_t index) { return arena().objects[index]; }
size_t index_of(const Object& object) { return &object - arena().objects.data(); }

void check_poison(Object& object, const shim_site* site) {
  if (SHIM_WITH_ASAN) return;
  const unsigned char* end = object.memory + object.size;
  size_t right = round_up(object.size, granule) - object.size + red_zone;
  if (!all_bytes(object.memory - red_zone, red_zone, red_byte) || !all_bytes(end, right, red_byte))
    raise(oracle::slab_out_of_bounds, site, "a red zone was overwritten: " + describe(object),
          object.memory);
  if (!object.live && !all_bytes(object.memory, object.size, freed_byte))
    raise(oracle::slab_use_after_free, site, "poison was overwritten: " + describe(object),
          object.memory);
}

LiveObjects most_live_slab_objects() {
  std::map<std::pair<const kmem_cache*, const shim_site*>, LiveObjects> all;
  LiveObjects most{};
  for (size_t i = 0; i < object_count(); i++) {
    const Object& object = object_by_index(i);
    if (!object.live ||
        (object.kind != ObjectKind::kmalloc && object.kind != ObjectKind::cache_object))
      continue;
    LiveObjects& alike = all[{object.cache, object.allocated_at}];
    alike = {alike.one ? alike.one : &object, alike.count + 1};
    if (alike.count > most.count) most = alike;
  }
  return most;
}

std::string kind_of(const Object& object) {
  return fmt::format(
      "{}, allocated in {}()",
      object.kind == ObjectKind::cache_object ? object.cache->name : "kmalloc memory",
      object.allocated_at->function);
}

std::string describe(const Object& object) {
  std::string text;
  switch (object.kind) {
    case ObjectKind::kmalloc: text = fmt::format("{} bytes of kmalloc memory", object.size); break;
    case ObjectKind::percpu: text = "per-CPU memory"; break;
    case ObjectKind::percpu_copy:
      text = fmt::format("{} bytes of one CPU's copy of per-CPU memory", object.size);
      break;
    case ObjectKind::vmalloc: text = fmt::format("{} bytes of vmalloc memory", object.size); break;
    case ObjectKind::page: text = "a page-table page"; break;
    case ObjectKind::cache_object:
      text = fmt::format("{} bytes of cache {}", object.size, object.cache->name);
      break;
  }
  text += ", allocated " + who(object.allocated_at, object.allocated_by_operation);
  if (!object.live) text += ", freed " + who(object.freed_at, object.freed_by_operation);
  return text;
}

void reset_objects() {
  Arena& a = arena();
  // Poisons the live objects again; freed ones and red zones are poisoned already.
  ASAN_POISON_MEMORY_REGION(a.base, round_up(a.used, granule));
  mark_set(a.base, a.used);
  for (const Object& object : a.objects) a.starts[(object.memory - a.base) / granule] = 0;
  if (a.used > keep_resident)
    madvise(a.base + keep_resident, round_up(a.used - keep_resident, 4096), MADV_DONTNEED);
  a.objects.clear();
  a.used = red_zone;
  for (size_t& live : a.live_by_kind) live = 0;
  a.operation = outside_program;
}

}  // namespace shim
