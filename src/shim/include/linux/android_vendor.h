/* SPDX-License-Identifier: GPL-2.0-only */
/* Space that Android reserves in structures for device vendors. */
#ifndef IOVAFUZZ_LINUX_ANDROID_VENDOR_H
#define IOVAFUZZ_LINUX_ANDROID_VENDOR_H

#include <linux/types.h>

#define ANDROID_VENDOR_DATA(n) u64 android_vendor_data##n
#define ANDROID_VENDOR_DATA_ARRAY(n, count) u64 android_vendor_data##n[count]
#define ANDROID_OEM_DATA(n) u64 android_oem_data##n
#define ANDROID_OEM_DATA_ARRAY(n, count) u64 android_oem_data##n[count]

#endif
