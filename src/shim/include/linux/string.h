/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes and text: the C library's. */
#ifndef IOVAFUZZ_LINUX_STRING_H
#define IOVAFUZZ_LINUX_STRING_H

#include <string.h>

#endif
