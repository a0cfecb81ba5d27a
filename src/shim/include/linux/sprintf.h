/* SPDX-License-Identifier: GPL-2.0-only */
/* Formatted text, from the C library. */
#ifndef IOVAFUZZ_LINUX_SPRINTF_H
#define IOVAFUZZ_LINUX_SPRINTF_H

#include <linux/types.h>

int sprintf(char *text, const char *format, ...);
int snprintf(char *text, size_t size, const char *format, ...);
/* Returns the number of characters written, unlike snprintf(). */
#define scnprintf(text, size, ...)                                                   \
  ({                                                                                 \
    size_t shim_size = (size);                                                       \
    int shim_length = shim_size ? snprintf((text), shim_size, __VA_ARGS__) : 0;      \
    shim_length < (int)shim_size ? shim_length : shim_size ? (int)shim_size - 1 : 0; \
  })

#endif
