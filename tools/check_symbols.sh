#!/bin/sh
# Fails unless the shared library exports exactly the functions that the headers mark with WEFT_API.
# usage: tools/check_symbols.sh LIBWEFT.SO INCLUDE/WEFT
set -eu
library=$1
headers=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' | sort >"$work/exported"
python3 "$(dirname "$0")/check_docs.py" --list "$headers" | sort >"$work/declared"
[ -s "$work/declared" ] || { echo "$headers: no WEFT_API functions" >&2; exit 1; }

if ! diff "$work/declared" "$work/exported" >"$work/difference"; then
    sed -n -e 's/^< /not exported: /p' -e 's/^> /exported, but not in a header: /p' "$work/difference"
    exit 1
fi
echo "symbols: $(wc -l <"$work/exported") functions, all of them weft_"
! grep -v '^weft_' "$work/exported"
