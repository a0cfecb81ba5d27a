// SPDX-License-Identifier: GPL-2.0-only
// The trace of a run as a hash: only observable behaviour, not how the run was executed.
#pragma once

#include <cstdint>

namespace engine {

class Trace {
 public:
  void clear() { hash_ = seed; }
  void add(uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15;
    hash_ ^= hash_ >> 29;
  }
  void add_text(const char* text) {
    for (; *text; text++) add(static_cast<unsigned char>(*text));
  }
  uint64_t hash() const { return hash_; }

 private:
  static constexpr uint64_t seed = 0xcbf29ce484222325;
  uint64_t hash_ = seed;
};

// Hash of the characters, not of the address.
inline uint64_t hash_of_text(const char* text) {
  Trace trace;
  trace.add_text(text);
  return trace.hash();
}

}  // namespace engine
