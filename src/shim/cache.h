// SPDX-License-Identifier: GPL-2.0-only
// What a kmem_cache is made of. Only the shim looks inside.
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
  bool is_permanent;  // made at boot, for good
  const shim_site* created_at;
  const shim_site* destroyed_at;
};
