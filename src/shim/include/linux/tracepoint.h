/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace points. Nobody traces here, so a file that defines some has a stand-in. */
#ifndef IOVAFUZZ_LINUX_TRACEPOINT_H
#define IOVAFUZZ_LINUX_TRACEPOINT_H

/* A name that tracers know. */
#define tracepoint_string(text) (text)

#endif
