// SPDX-License-Identifier: GPL-2.0-only
// The ledger of objects (shim/object.h) as one would have it without an arena: each object is
// malloc()ed, so that AddressSanitizer itself tells of what is done to it.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "shim/cache.h"
#include "shim/object.h"

namespace shim {
namespace {

std::vector<Object> objects;
std::map<const unsigned char*, size_t> starts;  // the latest object at each address
size_t live_by_kind[object_kinds];
uint32_t operation = outside_program;

}  // namespace

void set_current_operation(uint32_t index) { operation = index; }
uint32_t current_operation() { return operation; }

Object& new_object(ObjectKind kind, const kmem_cache* cache, size_t size, size_t alignment,
                   bool zeroed, const shim_site* site) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment < sizeof(void*) ? sizeof(void*) : alignment, size))
    abort();
  memset(memory, zeroed ? 0 : 0xff, size);
  objects.push_back({static_cast<unsigned char*>(memory), size, kind, true, operation,
                     outside_program, cache, site, nullptr});
  starts[objects.back().memory] = objects.size() - 1;
  live_by_kind[static_cast<size_t>(kind)]++;
  if (cache) const_cast<kmem_cache*>(cache)->live++;
  return objects.back();
}

void retire_object(Object& object, const shim_site* site) {
  object.live = false;
  object.freed_at = site;
  object.freed_by_operation = operation;
  live_by_kind[static_cast<size_t>(object.kind)]--;
  if (object.cache) const_cast<kmem_cache*>(object.cache)->live--;
  free(object.memory);
}

Object* object_at(const void* address) {
  auto found = starts.find(static_cast<const unsigned char*>(address));
  return found == starts.end() ? nullptr : &objects[found->second];
}

Object* object_around(const void* address) {
  auto above = starts.upper_bound(static_cast<const unsigned char*>(address));
  return above == starts.begin() ? nullptr : &objects[std::prev(above)->second];
}

size_t live_objects(ObjectKind kind) { return live_by_kind[static_cast<size_t>(kind)]; }
size_t live_slab_objects() {
  return live_objects(ObjectKind::kmalloc) + live_objects(ObjectKind::cache_object);
}
size_t object_count() { return objects.size(); }
Object& object_by_index(size_t index) { return objects[index]; }
size_t index_of(const Object& object) { return starts.at(object.memory); }

void check_poison(Object&, const shim_site*) {}

std::string describe(const Object& object) { return fmt::format("{} bytes", object.size); }

void reset_objects() {
  for (Object& object : objects)
    if (object.live) free(object.memory);
  objects.clear();
  starts.clear();
  for (size_t& live : live_by_kind) live = 0;
  operation = outside_program;
}

}  // namespace shim
