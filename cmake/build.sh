#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh FOLDER LOG TARGET...: updates targets of a configured build; the caller holds the
# folder's lock. Progress goes to stderr: a moving line on a terminal, otherwise lines at growing
# intervals. Compiler output goes to LOG. Exit status: 0, or 2 after printing the errors in a few
# lines, unless IOVAFUZZ_CALLER_TELLS is set.
set -uo pipefail
folder=$1 log=$2
shift 2

moving=
[ -t 2 ] && [ "${TERM:-dumb}" != dumb ] && moving=1
start=$SECONDS
: >"$log" && exec 8<"$log" || exit 2
exec 7<> <(:) # a pipe that is never readable, for read timeouts
pause=5 # seconds between progress lines, growing

# Sets $what to the newest step in the log, "step 57 of 133: engine.cc". Starts no process, to leave
# the CPUs to the compilers.
step() {
  local line
  while IFS= read -r line <&8; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ .*[\ /]([^\ /]+)$ ]] && [[ $line != *' Re-checking '* ]]; then
      what="step ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}: ${BASH_REMATCH[3]}"
    fi
  done
}

tell() {
  local now line columns
  [ -z "${IOVAFUZZ_BUILT-}" ] || return # tests compare the output of commands
  now=$((SECONDS - start))
  step
  if [ -n "$moving" ]; then
    columns=$(tput cols 2>/dev/null || echo 80)
    line="iovafuzz: building, $now s${what:+, $what}"
    printf '\r\033[K%s' "${line:0:$((columns - 1))}" >&2
    told=1
  elif [ -n "$what" ] && [ $((now - ${told_at:-0})) -ge $pause ]; then
    echo "iovafuzz: building, $now s${what:+, $what}" >&2
    told_at=$now
    pause=$((pause < 30 ? pause + 2 : 30))
  fi
}

# Ninja's default job count exceeds the number of CPUs, which takes a fifth longer. A process group,
# so that all of it can be ended: background jobs of a script ignore SIGINT.
set -m
NINJA_STATUS='[%f/%t] ' cmake --build "$folder" --parallel "$(nproc)" --target "$@" \
  </dev/null >"$log" 2>&1 7>&- 8>&- &
build=$!
set +m
end() { kill -TERM -- -$build; } 2>/dev/null
what=
trap 'end; wait $build; [ -n "$moving" ] && printf "\r\033[K" >&2; exit 130' INT TERM HUP
# Usually there is nothing to build.
for _ in 1 2 3 4 5; do
  kill -0 $build 2>/dev/null || break
  read -rt 0.1 -u 7
done
while kill -0 $build 2>/dev/null; do
  kill -0 $PPID 2>/dev/null || end # the caller was killed
  tell
  read -rt 0.3 -u 7
done
wait $build
status=$?
[ -n "$moving" ] && [ -n "${told-}" ] && printf '\r\033[K' >&2
[ $status = 0 ] && exit 0

if grep -aq 'No space left on device' "$log"; then
  echo "iovafuzz: the disk is full: $(df -h --output=avail,target "$folder" | tail -n 1 |
    sed -E 's/ *([^ ]+) +(.*)/\1 left on \2/'); free some space, or build elsewhere with IOVAFUZZ_BUILD=DIR" >&2
elif grep -aqE 'Permission denied|Read-only file system' "$log"; then
  echo "iovafuzz: $(grep -aE 'Permission denied|Read-only file system' "$log" | head -n 1)" >&2
elif grep -aqE 'unsupported tree|error:' "$log"; then
  # Prints the compiler's errors in the first file; commands print those in a kernel tree.
  [ -n "${IOVAFUZZ_CALLER_TELLS-}" ] ||
    sed -n '/^FAILED:/,/^\[/p' "$log" | grep -av '^: &&' | cut -c 1-300 | head -n 20 >&2
else
  [ -n "${IOVAFUZZ_CALLER_TELLS-}" ] || tail -n 15 "$log" | cut -c 1-300 >&2
fi
[ -n "${IOVAFUZZ_CALLER_TELLS-}" ] || echo "iovafuzz: the build failed: see $log" >&2
exit 2
