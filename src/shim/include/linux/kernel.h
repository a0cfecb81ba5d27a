/* SPDX-License-Identifier: GPL-2.0-only */
/* The basic macros and functions that all kernel code uses. */
#ifndef IOVAFUZZ_LINUX_KERNEL_H
#define IOVAFUZZ_LINUX_KERNEL_H

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/sprintf.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <string.h> /* the host's: memset() and its like */

/* Every configuration option is on. */
#define IS_REACHABLE(option) 1
#define IS_ENABLED(option) 1
#define CONFIG_64BIT 1
#define CONFIG_LOCKDEP 1

#define INT_MAX 0x7fffffff
#define UINT_MAX (~0u)
#define LONG_MAX ((long)(~0ul >> 1))
#define ULONG_MAX (~0ul)
#define ULLONG_MAX (~0ull)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Rounding to a multiple of a power of two. */
#define ALIGN_DOWN(x, to) ((x) & ~((__typeof__(x))(to)-1))
#define ALIGN(x, to) ALIGN_DOWN((x) + ((__typeof__(x))(to)-1), to)

#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

/* min() and max() evaluate their arguments once. */
#define min(a, b)                      \
  ({                                   \
    __auto_type shim_a = (a);          \
    __auto_type shim_b = (b);          \
    shim_a < shim_b ? shim_a : shim_b; \
  })
#define max(a, b)                      \
  ({                                   \
    __auto_type shim_a = (a);          \
    __auto_type shim_b = (b);          \
    shim_a > shim_b ? shim_a : shim_b; \
  })
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define swap(a, b)              \
  do {                          \
    __auto_type shim_old = (a); \
    (a) = (b);                  \
    (b) = shim_old;             \
  } while (0)

/* 0 is not a power of two. */
static inline bool is_power_of_2(unsigned long n) { return n && !(n & (n - 1)); }
/* log2, rounded up; 0 for 0. */
static inline unsigned order_base_2(unsigned long n) { return n > 1 ? fls_long(n - 1) : 0; }
/* The result for 0 is undefined. */
static inline unsigned long roundup_pow_of_two(unsigned long n) { return 1ul << fls_long(n - 1); }

/* error is a negative errno value. */
static inline void *ERR_PTR(long error) { return (void *)error; }

/* Messages are dropped: findings say more, and a campaign reads no log. */
static inline void shim_printk(const char *format, ...) { (void)format; }
#define printk(...) shim_printk(__VA_ARGS__)
#define pr_err(...) shim_printk(__VA_ARGS__)
#define pr_warn(...) shim_printk(__VA_ARGS__)
#define pr_notice(...) shim_printk(__VA_ARGS__)
#define pr_info(...) shim_printk(__VA_ARGS__)
#define pr_debug(...) shim_printk(__VA_ARGS__)
#define pr_cont(...) shim_printk(__VA_ARGS__)
#define pr_err_once(...) shim_printk(__VA_ARGS__)
#define pr_warn_once(...) shim_printk(__VA_ARGS__)
#define pr_err_ratelimited(...) shim_printk(__VA_ARGS__)
#define pr_warn_ratelimited(...) shim_printk(__VA_ARGS__)
#define KERN_ERR ""
#define KERN_WARNING ""
#define KERN_NOTICE ""
#define KERN_INFO ""
#define KERN_DEBUG ""
#define KERN_CONT ""

#endif
