// SPDX-License-Identifier: GPL-2.0-only
// The fields of a kmem_cache. Only the shim uses them.
#pragma once

#include <cstddef>

#include "site.h"

struct kmem_cache {
  const char* name;
  size_t size;       // bytes
  size_t alignment;  // bytes
  void (*constructor)(void*);
  size_t live;  // objects allocated and not freed
  bool destroyed;
  bool is_permanent;  // created with SLAB_PANIC, at boot; never destroyed
  const shim_site* created_at;
  const shim_site* destroyed_at;
};
