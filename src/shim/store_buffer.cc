// SPDX-License-Identifier: GPL-2.0-only
#include "store_buffer.h"

#include <algorithm>
#include <vector>

#include "context.h"
#include "footprint.h"
#include "races.h"
#include "world.h"

namespace shim {

const char facility::page_tables = 0;

namespace {

struct PostedStore {
  const void* context;
  void (*become_visible)(void*);
  void* argument;
  std::vector<const void*> released;  // locks that its context released since
};
std::vector<PostedStore> posted;  // oldest first

bool is_own(const PostedStore& store) { return store.context == facility::context_at_hand(); }

// Performs the stores for which is() holds. A strand's stores stay in order, since is() then holds
// for the earlier ones, too.
template <class Is>
void finish(Is is) {
  for (size_t i = 0; i < posted.size();) {
    if (!is(posted[i])) {
      i++;
      continue;
    }
    const PostedStore store = posted[i];
    posted.erase(posted.begin() + static_cast<ptrdiff_t>(i));
    note_change(&facility::page_tables);
    store.become_visible(store.argument);
  }
}

}  // namespace

void post_store(void (*become_visible)(void*), void* argument) {
  note_ordered(Ordered::write, &facility::page_tables);
  if (!in_started_context()) return become_visible(argument);
  posted.push_back({facility::context_at_hand(), become_visible, argument, {}});
}

bool has_posted_stores() { return std::any_of(posted.begin(), posted.end(), is_own); }

void finish_stores() { finish(is_own); }

void facility::buffer_release(const void* lock) {
  for (PostedStore& store : posted)
    if (is_own(store)) store.released.push_back(lock);
}

void facility::buffer_acquire(const void* lock) {
  if (posted.empty()) return;
  finish([lock](const PostedStore& store) {
    return !is_own(store) &&
           std::find(store.released.begin(), store.released.end(), lock) != store.released.end();
  });
}

void facility::reset_store_buffer() { posted.clear(); }

}  // namespace shim
