#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Linker launcher: uses lld if it is installed, which takes a quarter of the default linker's time.
# Checks each time, since packages come and go.
command -v ld.lld >/dev/null && exec "$@" -fuse-ld=lld
exec "$@"
