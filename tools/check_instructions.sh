#!/bin/sh
# Counts the instructions of bench/instructions.c with callgrind, and fails when a cell takes over
# 3 % more than bench/instructions.baseline says.
# usage: tools/check_instructions.sh BUILD [refresh]
#   refresh   writes the baseline anew instead
#
# Counts depend on the compiler and on the libraries below. The baseline names those that it was made
# with; elsewhere nothing is compared, and a line says so. They do not depend on the machine, as long
# as it has AVX2: callgrind shows programs a processor of its own, with neither AVX-512 nor SHA
# instructions.
set -eu
build=${1:?usage: tools/check_instructions.sh BUILD [refresh]}
refresh=${2:-}
baseline=$(dirname "$0")/../bench/instructions.baseline
limit_percent=3

skip() {
    echo "instructions: not compared: $1"
    exit 0
}

in_cache() {
    sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"
}

compiler=$(in_cache CMAKE_C_COMPILER)
command -v valgrind >/dev/null || skip "there is no valgrind"
[ "$(in_cache CMAKE_BUILD_TYPE)" = Release ] || skip "$build is no Release build"
[ -z "$(in_cache WEFT_SANITIZE)" ] || skip "$build has a sanitizer"
grep -q avx2 /proc/cpuinfo || skip "this processor has no AVX2"

kind=gcc
"$compiler" --version | grep -q clang && kind=clang
version=$("$compiler" -dumpversion)
made_with="$kind ${version%%.*}, $(getconf GNU_LIBC_VERSION), zlib $(pkg-config --modversion zlib), $(uname -m)"
if [ "$refresh" != refresh ]; then
    expected=$(sed -n 's/^# made with: //p' "$baseline")
    [ "$made_with" = "$expected" ] || skip "the baseline is of $expected; here is $made_with"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The environment lies on the stack, whose place some counts depend on.
env -i PATH="$PATH" valgrind -q --tool=callgrind --collect-atstart=no \
    --callgrind-out-file="$folder/out" "$build/bench/instructions" >"$folder/repeats"

# "cell instructions", per message or handshake.
for file in "$folder"/out.*; do
    awk '/^desc: Trigger: Client Request: / { cell = $5 } /^totals: / { print cell, $2 }' "$file"
done | awk 'NR == FNR { repeats[$1] = $2; order[NR] = $1; count = NR; next } { total[$1] = $2 }
    END { for (i = 1; i <= count; i++) {
              cell = order[i]
              if (!(total[cell] > 0)) { print "no count of " cell > "/dev/stderr"; exit 1 }
              printf "%s %.0f\n", cell, total[cell] / repeats[cell] } }' "$folder/repeats" - >"$folder/counts"

if [ "$refresh" = refresh ]; then
    {
        echo "# Instructions per message (of a handshake: per handshake), bench/instructions.c in callgrind."
        echo "# Refreshed by: make instructions-baseline"
        echo "# made with: $made_with"
        cat "$folder/counts"
    } >"$baseline"
    cat "$baseline"
    exit 0
fi

awk -v limit="$limit_percent" '
    NR == FNR { if ($0 !~ /^#/) { old[$1] = $2; order[++count] = $1 } next }
    { new[$1] = $2; if (!($1 in old)) { print "instructions: the baseline has no cell " $1; failed = 1 } }
    END {
        printf "%-18s %10s %10s %9s\n", "instructions", "baseline", "now", "change"
        for (i = 1; i <= count; i++) {
            cell = order[i]
            if (!(cell in new)) { print "instructions: no cell " cell " any more"; failed = 1; continue }
            change = 100 * (new[cell] / old[cell] - 1)
            printf "%-18s %10d %10d %+8.1f %%\n", cell, old[cell], new[cell], change
            if (change > limit) { failed = 1
                bad[++bad_count] = sprintf("%s: %d, was %d (%+.1f %%)", cell, new[cell], old[cell], change) }
            if (change < -limit) better = 1
        }
        for (i = 1; i <= bad_count; i++)
            print "instructions: too many more in " bad[i]
        if (failed)
            print "If that is the price of something: make instructions-baseline, and say what in the commit."
        else if (better)
            print "Fewer than before: make instructions-baseline keeps it so."
        exit failed
    }' "$baseline" "$folder/counts"
