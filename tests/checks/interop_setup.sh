#!/bin/sh
# Copies the interop tests beside the build and gives the copy its npm packages; the source stays as it is.
# usage: interop_setup.sh SOURCE COPY
set -eu
source=$1 copy=$2

mkdir -p "$copy"
for folder in browser node python support; do
    [ -d "$source/$folder" ] || continue
    rm -rf "${copy:?}/$folder"
    cp -R "$source/$folder" "$copy/"
done
cp "$source/package.json" "$source/package-lock.json" "$copy/"

# The stamp is written last: an installation that was cut short is made again.
if cmp -s "$copy/package-lock.json" "$copy/installed-lock.json"; then
    echo "interop: the packages are there"
    exit 0
fi
cd "$copy"
npm ci --ignore-scripts --no-audit --no-fund </dev/null
cp package-lock.json installed-lock.json
