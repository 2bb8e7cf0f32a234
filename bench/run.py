#!/usr/bin/env python3
"""Measures our server beside a raw TCP echo and beside others' servers, in one run, interleaved.

usage: run.py [BUILD] [--repeats N] [--seconds S] [--cells b20,t20] [--servers raw,weft,bun]
              [--also NAME='COMMAND'] [--markdown] [--picture FILE] [--idle [N] | --idle-tls [N]]

The server runs on core 0 and the generator on core 1. What counts is the CPU time of the server per
message. Of the plain cells it is compared with that of the raw echo, which moves the same bytes and
knows nothing of WebSockets: 1.00 is the limit. Of compression and TLS, which have no such limit, it
is compared with ours. Medians over the repeats; trust the ratios, nothing absolute.

The others are measured where they are installed: libwebsockets and Boost.Beast as built in
BUILD/bench/peers, npm ws and Bun in the node_modules of that folder, python3-websockets.

--also      measures one more server, in all cells; may be given again. In its COMMAND the word PORT
            becomes a port of 127.0.0.1, MODE one of plain, deflate (without context takeover),
            deflatectx, and tls, for which TLS_CERT and TLS_KEY name files. It echoes on every path but
            two: what is sent to /pub goes to all that connected to /sub.
--markdown  the long tables, of docs/performance.md.
--picture   also draws the ratios (gnuplot, SVG); when a cell or a server is missing, or there is one
            more, to BUILD/bench/performance.svg instead.
--idle      instead: bytes of the server's process per idle connection, after traffic.
--idle-tls  the same over TLS.

Ends with status 1 when a server or a generator failed; the rest is measured nevertheless.
"""
import argparse, collections, os, pathlib, platform, random, resource, sys

import picture, servers, tables
from cells import CELLS, idle


def machine():
    model = next((line.split(':', 1)[1].strip() for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines()
                  if line.startswith('model name')), 'unknown CPU')
    return (f'{model}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}, '
            f'load {os.getloadavg()[0]:.1f} at the start')


def progress(text):
    if sys.stderr.isatty():
        print(f'\r\033[K{text}', end='', file=sys.stderr, flush=True)


def measure(build, chosen, cells, repeats, seconds, environment):
    """cell -> server -> runs. Each repeat has each cell with each server, one behind the other. And what failed."""
    runs = collections.defaultdict(lambda: collections.defaultdict(list))
    failed = set()
    for repeat in range(repeats):
        for cell in cells:
            able = [server for server in chosen if server.can(CELLS[cell])]
            for server in random.sample(able, len(able)):
                progress(f'{repeat + 1}/{repeats} {cell} {server.name}')
                figures = servers.load(build, server, CELLS[cell], seconds, environment)
                if figures:
                    runs[cell][server.name].append({**figures, 'repeat': repeat})
                else:
                    failed.add(f'{cell} with {server.name}')
    progress('')
    return runs, failed


def measure_idle(build, chosen, cell, repeats, environment):
    bytes_each, failed = collections.defaultdict(list), set()
    for server in chosen:
        for _ in range(repeats if server.can(cell) else 0):
            progress(f'idle {server.name}')
            if figures := servers.load(build, server, cell, 0, environment):
                bytes_each[server.name].append(figures['bytes'])
            else:
                failed.add(f'idle with {server.name}')
    progress('')
    return bytes_each, failed


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', nargs='?', default='build', type=pathlib.Path)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=0.7)
    parser.add_argument('--cells', default=','.join(CELLS))
    parser.add_argument('--servers', default=','.join(servers.NAMES))
    parser.add_argument('--also', action='append', default=[], metavar="NAME='COMMAND'")
    parser.add_argument('--markdown', action='store_true')
    parser.add_argument('--picture', metavar='FILE')
    parser.add_argument('--idle', type=int, nargs='?', const=10000, metavar='N')
    parser.add_argument('--idle-tls', type=int, nargs='?', const=2000, metavar='N')
    options = parser.parse_args()
    options.cells = options.cells.split(',')
    if unknown := [cell for cell in options.cells if cell not in CELLS]:
        parser.error(f'no cell {", ".join(unknown)}: there are {", ".join(CELLS)}')
    options.servers = options.servers.split(',')
    if unknown := [name for name in options.servers if name not in servers.NAMES]:
        parser.error(f'no server {", ".join(unknown)}: there are {", ".join(servers.NAMES)}')
    try:
        options.also = [servers.also(text) for text in options.also]
    except ValueError as error:
        parser.error(str(error))
    return options


def choose(options):
    installed = servers.find(options.build)
    absent = [name for name in options.servers if name not in installed]
    print(machine() + (f'; not installed: {", ".join(absent)}' if absent else '') + '\n', flush=True)
    return [installed[name] for name in servers.NAMES if name in installed and name in options.servers] + options.also


def run_idle(options, chosen, cell, environment):
    bytes_each, failed = measure_idle(options.build, chosen, cell, options.repeats, environment)
    tables.print_idle(bytes_each)
    return failed


def run_cells(options, chosen, environment):
    runs, failed = measure(options.build, chosen, options.cells, options.repeats, options.seconds, environment)
    names = [server.name for server in chosen]
    (tables.print_markdown if options.markdown else tables.print_table)(runs, names)
    if options.picture:
        # The one that is shown to others has everything in it, and nothing of this machine alone.
        is_whole = len(options.cells) == len(CELLS) and tuple(names) == servers.NAMES and not failed
        picture.draw(runs, names, options.picture if is_whole else options.build / 'bench/performance.svg')
    return failed


def main():
    options = read_options()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    chosen = choose(options)
    environment = servers.certificates(options.build)
    if environment is None:
        print('no TLS is measured: the program openssl, which makes the certificates, is missing', file=sys.stderr)
        environment = {}
        options.cells = [name for name in options.cells if CELLS[name].mode != 'tls']
    if options.idle or options.idle_tls:
        cell = idle('plain', options.idle) if options.idle else idle('tls', options.idle_tls)
        failed = run_idle(options, chosen, cell, environment)
    else:
        failed = run_cells(options, chosen, environment)
    if failed:
        sys.exit(f'\nNot measured as they should be: {", ".join(sorted(failed))}')


main()
