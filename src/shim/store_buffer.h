// SPDX-License-Identifier: GPL-2.0-only
// A store buffer: what a caller of the allocator stored just before its call may become visible to
// other CPUs later than what the call reads and writes. Here that is the page-table entry that a
// driver clears before its range is queued, and those who must not miss it are hardware flushes.
//
// The store becomes visible at the next full barrier on its strand (smp_mb(), an atomic operation
// that returns a value), as soon as another strand takes a lock that its strand has released since,
// and at the end of the call. That is what the kernel's memory model grants and no more: dropping a
// lock is no barrier for what the strand reads after it, and the next holder comes after all of it.
// Stores of the allocator itself are not held up; races.h judges whether barriers order those.
#pragma once

namespace shim {

// become_visible(argument) is called at once unless what runs may be suspended.
void post_store(void (*become_visible)(void* argument), void* argument);
// Those of what runs.
void finish_stores();

namespace facility {
extern const char page_tables;  // what flushes read, for footprints
void buffer_release(const void* lock);
void buffer_acquire(const void* lock);
}  // namespace facility

}  // namespace shim
