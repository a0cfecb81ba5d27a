/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in the allocator a shim function was called. Function names are stable across builds and
 * address layouts, so findings and faults are named by them and never by addresses.
 */
#ifndef IOVAFUZZ_SHIM_SITE_H
#define IOVAFUZZ_SHIM_SITE_H

struct shim_site {
  const char* function; /* the caller's __func__ */
  const char* file;     /* relative to the project or the kernel tree */
  unsigned line;
};

#define SHIM_SITE                                                             \
  (__extension__({                                                            \
    static const struct shim_site shim_here = {__func__, __FILE__, __LINE__}; \
    &shim_here;                                                               \
  }))

#endif
