/* SPDX-License-Identifier: GPL-2.0-only */
/* States of CPU hotplug. */
#ifndef IOVAFUZZ_LINUX_CPUHOTPLUG_H
#define IOVAFUZZ_LINUX_CPUHOTPLUG_H

#include <linux/cpu.h>

#endif
