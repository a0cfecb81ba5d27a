/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages. */
#ifndef IOVAFUZZ_LINUX_MM_H
#define IOVAFUZZ_LINUX_MM_H

#include "shim/types.h"

#endif
