// SPDX-License-Identifier: GPL-2.0-only
#include "footprint.h"

#include <algorithm>

#include "object.h"

namespace shim {

Footprint* facility::footprint = nullptr;

namespace {

const unsigned char* fresh_from;  // objects from here on belong to this stretch

}  // namespace

void record_footprint(Footprint* into) {
  facility::footprint = into;
  fresh_from = end_of_objects();
}

void facility::note_touch(const void* address, size_t bytes, bool is_write) {
  if (address >= fresh_from && object_around(address)) return;
  const auto first = reinterpret_cast<uintptr_t>(address) / 8;
  const auto last = (reinterpret_cast<uintptr_t>(address) + bytes - 1) / 8;
  for (uintptr_t word = first; word <= last; word++) {
    const uint32_t entry = static_cast<uint32_t>(word << 1) | is_write;
    if (footprint->empty() || footprint->back() != entry) footprint->push_back(entry);
  }
}

void sort_footprint(Footprint& footprint) {
  std::sort(footprint.begin(), footprint.end());
  footprint.erase(std::unique(footprint.begin(), footprint.end()), footprint.end());
}

bool conflict(const Footprint& one, const Footprint& other) {
  const auto word = [](uint32_t entry) { return entry & ~1u; };
  for (auto a = one.begin(), b = other.begin(); a != one.end() && b != other.end();) {
    if (word(*a) < word(*b)) {
      ++a;
    } else if (word(*b) < word(*a)) {
      ++b;
    } else {
      const uint32_t same = word(*a);
      bool is_write = false;
      for (; a != one.end() && word(*a) == same; ++a) is_write |= *a & 1;
      for (; b != other.end() && word(*b) == same; ++b) is_write |= *b & 1;
      if (is_write) return true;
    }
  }
  return false;
}

}  // namespace shim
