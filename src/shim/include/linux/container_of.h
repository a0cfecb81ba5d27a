/* SPDX-License-Identifier: GPL-2.0-only */
/* The structure around a member. */
#ifndef IOVAFUZZ_LINUX_CONTAINER_OF_H
#define IOVAFUZZ_LINUX_CONTAINER_OF_H

#include <linux/stddef.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
