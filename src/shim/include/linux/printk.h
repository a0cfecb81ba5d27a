/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages, which are dropped. */
#ifndef IOVAFUZZ_LINUX_PRINTK_H
#define IOVAFUZZ_LINUX_PRINTK_H

#include <linux/kernel.h>

#endif
