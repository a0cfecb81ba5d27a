/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace points of maple trees. */
#ifndef IOVAFUZZ_TRACE_EVENTS_MAPLE_TREE_H
#define IOVAFUZZ_TRACE_EVENTS_MAPLE_TREE_H

#include <linux/tracepoint.h>

/* Arguments are still evaluated. */
#define trace_ma_op(function, state) ((void)(function), (void)(state))
#define trace_ma_read(function, state) ((void)(function), (void)(state))
#define trace_ma_write(function, state, pivot, value) \
  ((void)(function), (void)(state), (void)(pivot), (void)(value))

#endif
