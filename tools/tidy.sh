#!/bin/sh
# usage: tools/tidy.sh BUILD     clang-tidy over every C file of the library and the program
set -eu
build=$1
git ls-files 'src/*.c' 'cli/*.c' |
    xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet --warnings-as-errors='*'
