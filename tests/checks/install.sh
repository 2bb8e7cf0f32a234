#!/bin/sh
# Installs into a folder of its own and builds a program there: by pkg-config, shared and static, and by CMake.
# usage: install.sh BUILD CC
set -eu
build=$1 cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/usr" >/dev/null
libraries=$(dirname "$(find "$work/usr" -name weft.pc)")
PKG_CONFIG_PATH=$libraries
export PKG_CONFIG_PATH
LD_LIBRARY_PATH=$(dirname "$libraries")
export LD_LIBRARY_PATH

cat >"$work/user.c" <<'C'
#include <stdio.h>
#include <string.h>
#include <weft/weft.h>

int main(void)
{
    weft_loop *loop = NULL;
    weft_status status = weft_loop_create(NULL, &loop);
    weft_loop_destroy(loop);
    puts(weft_version());
    return status != WEFT_OK || strcmp(weft_version(), WEFT_VERSION) != 0;
}
C
cat >"$work/core.c" <<'C'
#include <weft/engine.h>

int main(void)
{
    struct weft_engine_options options = { .side = WEFT_SERVER };
    weft_engine *engine = NULL;
    weft_status status = weft_engine_create(&options, &engine);
    weft_engine_destroy(engine);
    return status != WEFT_OK && status != WEFT_ERR_ARGUMENT;
}
C
cd "$work"

version=$(pkg-config --modversion weft)
# shellcheck disable=SC2046
{
    "$cc" user.c -o shared $(pkg-config --cflags --libs weft)
    [ "$(./shared)" = "$version" ]
    "$cc" user.c -o static $(pkg-config --cflags weft) "$LD_LIBRARY_PATH/libweft.a" \
        $(pkg-config --libs $(pkg-config --print-requires-private weft)) -pthread
    [ "$(LD_LIBRARY_PATH='' ./static)" = "$version" ]
    "$cc" core.c -o core $(pkg-config --cflags --libs weft_core)
    ./core
}

cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(weft 0.1 REQUIRED)
foreach(library weft weft_static weft_core)
    add_executable(user_${library} $<IF:$<STREQUAL:${library},weft_core>,core.c,user.c>)
    target_link_libraries(user_${library} PRIVATE weft::${library})
endforeach()
CMAKE
cmake -S . -B by-cmake -D CMAKE_PREFIX_PATH="$work/usr" -D CMAKE_C_COMPILER="$cc" >/dev/null
cmake --build by-cmake >/dev/null
for library in weft weft_static weft_core; do
    "by-cmake/user_$library" >/dev/null
done

[ "$("$work/usr/bin/weft" --version | grep -c "$version")" -eq 1 ]
echo "install: pkg-config and CMake find weft $version"
