/* SPDX-License-Identifier: GPL-2.0-only */
/* Error numbers, which are the host's. */
#ifndef IOVAFUZZ_LINUX_ERRNO_H
#define IOVAFUZZ_LINUX_ERRNO_H

#define ENOMEM 12
#define EBUSY 16
#define EEXIST 17
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define ENOTSUPP 524

#endif
