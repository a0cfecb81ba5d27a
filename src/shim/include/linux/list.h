/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists. */
#ifndef IOVAFUZZ_LINUX_LIST_H
#define IOVAFUZZ_LINUX_LIST_H

#include "shim/list.h"

#endif
