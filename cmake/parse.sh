#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# parse.sh COMPILER ARGUMENT...: checks the syntax only, and leaves an empty object.
"$@" -fsyntax-only || exit
while [ $# -gt 0 ]; do
  [ "$1" != -o ] || : >"$2"
  shift
done
