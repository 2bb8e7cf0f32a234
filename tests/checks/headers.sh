#!/bin/sh
# Every public header compiles alone, as C17 and as C++17, without a warning.
# usage: headers.sh INCLUDE CC CXX
set -eu
include=$1 cc=$2 cxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
for header in "$include"/weft/*.h; do
    # Twice: the guard holds.
    printf '#include "weft/%s"\n#include "weft/%s"\n' "${header##*/}" "${header##*/}" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cc"
    "$cc" -std=c17 -Wall -Wextra -Wpedantic -Wconversion -Wstrict-prototypes -Werror -I"$include" \
        -fsyntax-only "$work/alone.c"
    "$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$include" -fsyntax-only "$work/alone.cc"
    count=$((count + 1))
done
[ "$count" -gt 0 ]
echo "headers: $count compile alone, as C17 and C++17"
