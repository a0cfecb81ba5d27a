/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace points. There is no tracing, so headers that define trace points have stand-ins. */
#ifndef IOVAFUZZ_LINUX_TRACEPOINT_H
#define IOVAFUZZ_LINUX_TRACEPOINT_H

/* A string that tracers may look up. */
#define tracepoint_string(text) (text)

#endif
