#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# parse.sh COMPILER ARGUMENT...: has the compiler look for errors, and leaves an empty object.
"$@" -fsyntax-only || exit
while [ $# -gt 0 ]; do
  [ "$1" != -o ] || : >"$2"
  shift
done
