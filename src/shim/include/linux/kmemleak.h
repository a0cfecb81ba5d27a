/* SPDX-License-Identifier: GPL-2.0-only */
/* Hints for kmemleak. The shim counts live objects and needs no hints. */
#ifndef IOVAFUZZ_LINUX_KMEMLEAK_H
#define IOVAFUZZ_LINUX_KMEMLEAK_H

#define kmemleak_transient_leak(pointer) ((void)(pointer))
#define kmemleak_ignore(pointer) ((void)(pointer))

#endif
