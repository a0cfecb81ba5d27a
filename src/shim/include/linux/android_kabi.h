/* SPDX-License-Identifier: GPL-2.0-only */
/* Space that Android reserves in structures for later fields. */
#ifndef IOVAFUZZ_LINUX_ANDROID_KABI_H
#define IOVAFUZZ_LINUX_ANDROID_KABI_H

#include <linux/types.h>

#define ANDROID_KABI_RESERVE(n) u64 android_kabi_reserved##n

#endif
