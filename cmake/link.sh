#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A linker's launcher: takes lld where it is there, which needs a quarter of the usual one's time.
# It is looked for each time, since packages come and go.
command -v ld.lld >/dev/null && exec "$@" -fuse-ld=lld
exec "$@"
