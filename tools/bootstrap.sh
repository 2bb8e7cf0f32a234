#!/bin/sh
# Installs the Debian packages that are missing, and says nothing when none is.
# usage: tools/bootstrap.sh run|check|ci|bench
#   run    what building the program needs
#   check  also what the tests need
#   ci     also what the other compiler, the fuzzer and the formatter need
#   bench  what make bench draws with, and others' servers that it measures
set -eu

set_name=${1:-run}
run="build-essential cmake ninja-build pkg-config libc-ares-dev libidn2-dev zlib1g-dev libssl-dev libjansson-dev libedit-dev"
check="libcmocka-dev openssl chromium firefox-esr libnss3-tools haproxy nginx-light python3 python3-websockets curl libuv1-dev libglib2.0-dev"
check="$check tinyproxy-bin microsocks" # In front of clients.
check="$check gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" # The NEON kernels.
ci="clang libclang-rt-dev clang-tidy clang-format valgrind testssl.sh"
bench="gnuplot-nox g++ libwebsockets-dev libboost-dev openssl python3 python3-websockets"

case $set_name in
run) wanted=$run ;;
check) wanted="$run $check" ;;
ci) wanted="$run $check $ci" ;;
bench) wanted="$run $bench" ;;
*)
    echo "usage: tools/bootstrap.sh run|check|ci|bench" >&2
    exit 2
    ;;
esac

# Elsewhere than on Debian the packages have other names; CMake says what it does not find.
command -v dpkg-query >/dev/null 2>&1 || exit 0

# A newer Node than Debian's may be here already.
node_is_usable() {
    command -v npm >/dev/null 2>&1 &&
        node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' >/dev/null 2>&1
}
if [ "$set_name" != run ] && ! node_is_usable; then
    wanted="$wanted nodejs npm"
fi

installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' $wanted 2>/dev/null || true)"
missing=
for package in $wanted; do
    case $installed in
    *" installed:$package "*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "These Debian packages are missing, and installing them needs root or sudo:" >&2
        echo " $missing" >&2
        echo "As root: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

echo "Installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1 </dev/null || {
        cat "$log" >&2
        echo "tools/bootstrap.sh: apt-get $1 failed" >&2
        exit 1
    }
}
apt update
# shellcheck disable=SC2086
apt install --no-install-recommends $missing
