/* SPDX-License-Identifier: GPL-2.0-only */
/* Hints for a leak checker by scanning; the shim counts objects and needs none. */
#ifndef IOVAFUZZ_LINUX_KMEMLEAK_H
#define IOVAFUZZ_LINUX_KMEMLEAK_H

#define kmemleak_transient_leak(pointer) ((void)(pointer))
#define kmemleak_ignore(pointer) ((void)(pointer))

#endif
