#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# compile.sh FILE COMPILER ARGUMENT...: compiles, and saves the compiler's messages in FILE.
file=$1
shift
"$@" 2>"$file"
status=$?
cat "$file" >&2
exit $status
