// SPDX-License-Identifier: GPL-2.0-only
// MemorySanitizer's record of memory that was never written. It covers the shim's objects only
// (cmake/flags.cmake).
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define SHIM_WITH_MSAN 1
#endif
#endif
#ifndef SHIM_WITH_MSAN
#define SHIM_WITH_MSAN 0
#endif

#if SHIM_WITH_MSAN
#include <sanitizer/msan_interface.h>
extern "C" void __msan_set_origin(const volatile void* memory, size_t size, uint32_t origin);
#endif

namespace shim {

// origin identifies the object; the runtime passes it on when the memory is used.
inline void mark_unset([[maybe_unused]] const void* memory, [[maybe_unused]] size_t size,
                       [[maybe_unused]] uint32_t origin) {
#if SHIM_WITH_MSAN
  __msan_poison(memory, size);
  __msan_set_origin(memory, size, origin);
#endif
}
inline void mark_set([[maybe_unused]] const void* memory, [[maybe_unused]] size_t size) {
#if SHIM_WITH_MSAN
  __msan_unpoison(memory, size);
#endif
}

}  // namespace shim
