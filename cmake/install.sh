# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the launcher: installs missing packages and finds the compiler. Expects $build and
# fail().

has_dpkg() { command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; }

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Whether lines on stderr can be overwritten.
is_moving() { [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; }

# Installs packages with the current package lists, showing progress in a moving line.
install() {
  local as_root=() command said='' log=$build/install.log started=$SECONDS
  command="apt-get install $*"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "packages are missing: run as root, then try again: $command"
    as_root=(sudo)
    # Asks for a password if necessary.
    sudo -v || fail "packages are missing: run as root, then try again: $command"
  fi
  echo "iovafuzz: installing $*" >&2
  # Waits for another iovafuzz that installs. Closes our locks for daemons that a package starts.
  exec 9>"$build/install.lock"
  flock 9
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
    -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
  local get=("${apt[@]}" install -y --no-install-recommends "$@")
  # The first attempt may fail if the lists are outdated; then update them and try again.
  { "${get[@]}" || { "${apt[@]}" update && "${get[@]}"; }; } >"$log" 2>&1 </dev/null 9>&- 6>&- &
  local pid=$!
  trap 'kill $pid 2>/dev/null; exit 130' INT TERM HUP
  while kill -0 $pid 2>/dev/null; do
    sleep 0.5
    said=$(grep -aoE '^(Unpacking|Setting up) [^ ]+' "$log" | tail -n 1 || true)
    said="iovafuzz: installing, $((SECONDS - started)) s${said:+: $said}"
    if is_moving; then
      printf '\r\033[K%s' "${said:0:79}" >&2
    elif [ $(((SECONDS - started) % 10)) = 9 ]; then
      echo "$said" >&2
      sleep 1
    fi
  done
  if is_moving; then printf '\r\033[K' >&2; fi
  trap - INT TERM HUP
  wait $pid || fail "cannot install $*: see $log, or run by hand: $command"
  exec 9>&-
}

install_missing() {
  has_dpkg || return 0 # the user installs packages, and cmake reports missing ones
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || install "${missing[@]}"
}

# Whether a C++ compiler builds fuzz targets, including its runtimes. Writes its output to
# $build/probe.log.
usable() {
  command -v "$1" >/dev/null || return 1
  echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' >"$build/probe.cc"
  "$1" -std=c++20 -fsanitize=fuzzer,address,undefined "$build/probe.cc" -o "$build/probe" \
    >"$build/probe.log" 2>&1
}

version_of() { "$1" -dumpversion 2>/dev/null | grep -oE '^[0-9]+'; }

# made_with ROOT COMPILER: prints what a build depends on: a line for the checkout, the compiler and
# its C++ libraries, and a line per package of headers.
made_with() {
  packages_of() { has_dpkg && dpkg-query -W -f='${Package} ${Version}\n' "$@" 2>/dev/null | grep -v ' $' | sort; }
  # shellcheck disable=SC2046
  echo "$1" "$(readlink -f "$(command -v "$2")")" "$("$2" --version | head -n 1)" $(packages_of 'libstdc++-*-dev')
  packages_of 'libboost*-dev' libfmt-dev libcli11-dev nlohmann-json3-dev libgtest-dev libc6-dev || true
}

# is_all_among FILE TEXT: whether TEXT contains each line of FILE. Packages installed later cannot
# be part of the build.
is_all_among() { [ -f "$1" ] && ! grep -qvxF -e "$2" "$1"; }

# Sets $cxx: the newest clang++ that is installed and complete; else the newest that can be
# installed.
find_clang() {
  local candidate version broken=''
  for candidate in $(compgen -c clang++- | grep -oE '^clang\+\+-[0-9]+$' | sort -t- -k2 -rnu) clang++; do
    [ "${candidate#clang++-}" -ge 14 ] 2>/dev/null || [ "$candidate" = clang++ ] || continue
    command -v "$candidate" >/dev/null && [ "$(version_of "$candidate")" -ge 14 ] || continue
    if usable "$candidate"; then
      cxx=$candidate
      return
    fi
    broken="$candidate cannot build fuzz targets: $(grep -aE 'error|cannot' "$build/probe.log" | head -n 1)"
  done
  has_dpkg || fail "iovafuzz needs clang++ 14 or newer with compiler-rt (libFuzzer, AddressSanitizer)${broken:+; $broken}"
  newest() {
    apt-cache search --names-only '^clang-[0-9]+$' | grep -oE '^clang-[0-9]+' | grep -oE '[0-9]+' |
      sort -rn | head -n 1
  }
  version=$(newest)
  if [ -z "$version" ]; then
    install ca-certificates # updates the package lists if there are none
    version=$(newest)
  fi
  [ -n "$version" ] || fail "apt offers no clang package to install${broken:+; $broken}"
  install "clang-$version" "libclang-rt-$version-dev" "llvm-$version"
  cxx=clang++-$version
  usable "$cxx" || fail "$cxx cannot build fuzz targets: $(head -n 1 "$build/probe.log")"
}
