/* SPDX-License-Identifier: GPL-2.0-only */
/* Error numbers, with the values of Linux. */
#ifndef IOVAFUZZ_LINUX_ERRNO_H
#define IOVAFUZZ_LINUX_ERRNO_H

#define EPERM 1
#define ENOENT 2
#define EIO 5
#define EAGAIN 11
#define ENOMEM 12
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define EOPNOTSUPP 95
#define ETIMEDOUT 110
#define ENOTSUPP 524

#endif
