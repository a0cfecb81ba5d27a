// SPDX-License-Identifier: GPL-2.0-only
// A store buffer: a store that a caller makes just before it calls the allocator may become visible
// to other CPUs later than the reads and writes of the call. Here the store is the page-table entry
// that a driver clears before it queues the range, and the readers that must not miss it are
// hardware flushes.
//
// The store becomes visible at the next full barrier on its strand (smp_mb(), an atomic operation
// that returns a value), as soon as another strand takes a lock that its strand has released since,
// and at the end of the call. The kernel's memory model guarantees this and no more: releasing a
// lock is no barrier for later reads of the same strand, but the lock's next holder sees everything
// before the release. Stores of the allocator itself are not delayed; races.h judges whether
// barriers order those.
#pragma once

namespace shim {

// Delays a store of the running context: become_visible(argument) performs it. In the main context,
// which is never suspended, that is at once.
void post_store(void (*become_visible)(void* argument), void* argument);
// Whether stores of the running context are delayed.
bool has_posted_stores();
// Performs them.
void finish_stores();

namespace facility {
extern const char page_tables;  // stands for the page tables, which flushes read
void buffer_release(const void* lock);
void buffer_acquire(const void* lock);
}  // namespace facility

}  // namespace shim
