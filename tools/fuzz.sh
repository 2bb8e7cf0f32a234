#!/bin/sh
# usage: tools/fuzz.sh BUILD     runs every fuzz target for FUZZ_SECONDS (default 60)
# With FUZZ_RUNS each target runs that often from a fixed seed: the same inputs every time.
# What libFuzzer learns stays in the build folder; a crash goes to tests/fuzz/regression/ by hand.
set -eu
build=$1
seconds=${FUZZ_SECONDS:-60}
runs=${FUZZ_RUNS:+-runs=$FUZZ_RUNS -seed=1}
source=$(dirname "$0")/../tests/fuzz

found=0
for target in "$build"/tests/fuzz/fuzz_*; do
    [ -f "$target" ] && [ -x "$target" ] || continue
    name=${target##*/fuzz_}
    learned=$build/fuzz-corpus/$name
    artifacts=$build/fuzz-crashes/$name-
    mkdir -p "$learned" "$build/fuzz-crashes"
    seeds=$source/corpus/$name
    [ -d "$seeds" ] || seeds=
    echo "fuzz $name, $seconds s"
    # shellcheck disable=SC2086
    if ! "$target" -max_total_time="$seconds" $runs -timeout=10 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$artifacts" "$learned" $seeds >"$build/fuzz-$name.log" 2>&1; then
        tail -n 60 "$build/fuzz-$name.log"
        echo "fuzz $name: failed; see $artifacts*" >&2
        exit 1
    fi
    grep -E 'number_of_executed_units' "$build/fuzz-$name.log" || true
    found=$((found + 1))
done
[ "$found" -gt 0 ] || { echo "tools/fuzz.sh: no fuzz targets in $build" >&2; exit 1; }
