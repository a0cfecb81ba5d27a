// SPDX-License-Identifier: GPL-2.0-only
// Hashes: content_hash() is the same on every machine and in every version; mix() is for hashes
// that stay in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tool {

// 16 hexadecimal digits (FNV-1a, 64 bits).
std::string content_hash(std::string_view content);

// Hash of two numbers; never stored, so it may change.
inline uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t z = a * 0x9e3779b97f4a7c15 + b;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// Hash of a sequence; the order matters.
template <class Numbers>
uint64_t mix_all(const Numbers& numbers) {
  uint64_t hash = numbers.size();
  for (uint64_t number : numbers) hash = mix(hash, number);
  return hash;
}

}  // namespace tool
