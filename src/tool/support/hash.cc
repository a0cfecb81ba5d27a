// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/hash.h"

#include <cstdint>

namespace tool {

std::string content_hash(std::string_view content) {
  uint64_t hash = 14695981039346656037u;
  for (unsigned char c : content) hash = (hash ^ c) * 1099511628211u;
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[hash >> shift & 15];
  return text;
}

}  // namespace tool
