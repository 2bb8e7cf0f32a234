#!/usr/bin/env python3
"""Measures our server beside a raw TCP echo and beside others' servers, in one run, interleaved.

usage: run.py [BUILD] [--repeats N] [--seconds S] [--cells b20,t20] [--servers raw,weft,bun]
              [--markdown] [--picture FILE] [--idle [N]]

The server runs on core 0 and the generator on core 1. What counts is the CPU time of the server per
message, and its ratio to that of the raw echo, which moves the same bytes and knows nothing of
WebSockets: 1.00 is the limit. Medians over the repeats; trust the ratios, nothing absolute.

The others are measured where they are installed: libwebsockets and Boost.Beast as built in
BUILD/bench/peers, npm ws and Bun in the node_modules of that folder, python3-websockets.

--markdown  the long table, of docs/performance.md.
--picture   also draws the ratios (gnuplot, SVG); when a cell or a server is missing, to
            BUILD/bench/performance.svg instead.
--idle      instead: bytes of the server's process per idle connection, after traffic.
"""
import argparse, collections, json, os, pathlib, platform, random, resource, shutil, socket, statistics
import subprocess, sys, time

HERE = pathlib.Path(__file__).resolve().parent
# Name: connections, messages in flight on each, bytes, type. Of the fans: what bench/fan.c asks for.
CELLS = {
    'b20': (64, 1, 20, 'binary'), 't20': (64, 1, 20, 'text'),
    'b1k': (64, 1, 1024, 'binary'), 't1k': (64, 1, 1024, 'text'),
    'b16k': (64, 1, 16384, 'binary'), 't16k': (64, 1, 16384, 'text'),
    'b1m': (64, 1, 1 << 20, 'binary'), 't1m': (64, 1, 1 << 20, 'text'),
    'c1000': (1000, 1, 20, 'binary'), 'pipe': (16, 100, 20, 'binary'),
    'conn': ('connect', 64), 'bcast1': ('publish', 1000, 1, 100), 'bcast8': ('publish', 1000, 8, 100),
}
FANS = 'connect', 'publish'
CAN_PUBLISH = 'raw', 'weft', 'bun', 'ws'  # Those whose echo also knows /sub and /pub.
SERVERS = 'raw', 'weft', 'libwebsockets', 'beast', 'bun', 'ws', 'websockets'

COLORS = {'weft': '#1b6ca8', 'libwebsockets': '#7a5195', 'beast': '#bc5090', 'bun': '#ef8354',
          'ws': '#ffa600', 'websockets': '#999999'}


def on_core(number):
    """For a child: two cores or more, and each of the two has its own."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {cores[number]})


def start(command, environment):
    """Starts a server on a free port; returns the process and the port."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    command = [word.replace('PORT', str(port)) for word in command]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**os.environ, **environment}, preexec_fn=on_core(0))
    for _ in range(500):
        try:
            socket.create_connection(('127.0.0.1', port), 0.5).close()
            return server, port
        except OSError:
            time.sleep(0.02)
    server.kill()
    sys.exit(f'{command[0]} does not listen')


def load(build, words):
    """One run of the generator; None when it failed."""
    run = subprocess.run([str(build / 'bench' / words[0]), *map(str, words[1:])], capture_output=True, text=True,
                         preexec_fn=on_core(1), timeout=300)
    if run.returncode:
        print(f'{" ".join(map(str, words))}: {run.stderr.strip()}', file=sys.stderr)
        return None
    return json.loads(run.stdout)


def machine():
    model = value_in('/proc/cpuinfo', 'model name')
    return (f'{model}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}, '
            f'load {os.getloadavg()[0]:.1f} at the start')


def value_in(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.split(':', 1)[1].strip()
    return 'unknown CPU'


def find_servers(build):
    """Name: protocol, command, environment. Only what is there."""
    peers = (build / 'bench/peers').resolve()
    modules = peers / 'node_modules'
    servers = {'raw': ('raw', [str(build / 'bench/raw_echo'), 'PORT'], {}),
               'weft': ('ws', [str(build / 'bench/server'), 'PORT', 'plain'], {})}
    for name in 'libwebsockets', 'beast':
        if (peers / f'{name}_echo').exists():
            servers[name] = ('ws', [str(peers / f'{name}_echo'), 'PORT'], {})
    # The program itself: installed without scripts, the package's own link does not lead to it.
    if bun := next(modules.glob('@oven/bun-*/bin/bun'), None):
        servers['bun'] = ('ws', [str(bun), str(HERE / 'peers/bun.js'), 'PORT'], {})
    if shutil.which('node') and (modules / 'ws').is_dir():
        servers['ws'] = ('ws', ['node', str(HERE / 'peers/ws.cjs'), 'PORT'], {'NODE_PATH': str(modules)})
    python = next((python for python in (sys.executable, '/usr/bin/python3') if subprocess.run(
        [python, '-c', 'import websockets'], stderr=subprocess.DEVNULL).returncode == 0), None)
    if python:
        servers['websockets'] = ('ws', [python, str(HERE / 'peers/websockets_echo.py'), 'PORT'], {})
    return servers


def progress(text):
    if sys.stderr.isatty():
        print(f'\r\033[K{text}', end='', file=sys.stderr, flush=True)


def measure(build, servers, cells, repeats, seconds):
    """cell -> server -> runs. Each repeat has each cell with each server, one behind the other."""
    runs = collections.defaultdict(lambda: collections.defaultdict(list))
    for repeat in range(repeats):
        for cell in cells:
            is_fan = CELLS[cell][0] in FANS
            able = [name for name in sorted(servers)
                    if CELLS[cell][0] != 'publish' or name in CAN_PUBLISH]
            for name in random.sample(able, len(able)):
                progress(f'{repeat + 1}/{repeats} {cell} {name}')
                protocol, command, environment = servers[name]
                if is_fan and name == 'raw':
                    command = [str(build / 'bench/raw_fan'), 'PORT']
                server, port = start(command, environment)
                what, *rest = CELLS[cell]
                words = ('fan', what, port, server.pid, *rest, seconds) if is_fan else \
                    ('load', 'echo', port, protocol, server.pid, what, *rest, seconds)
                try:
                    figures = load(build, words)
                finally:
                    server.kill()
                    server.wait()
                if figures:
                    runs[cell][name].append({**figures, 'repeat': repeat})
    progress('')
    return runs


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def ratios_of(by_name, name):
    """Raw CPU over the server's, of each repeat, so that the ratio is of neighbours in time."""
    raw = {run['repeat']: run for run in by_name.get('raw') or []}
    return [raw[run['repeat']]['cpu_ns'] / run['cpu_ns'] for run in by_name[name]
            if run['repeat'] in raw]


def in_order(names):
    return sorted(names, key=SERVERS.index)


def print_markdown(runs):
    print('| cell | server | messages/s | server CPU per message | raw CPU / CPU | lowest to highest |')
    print('|---|---|---:|---:|---:|---:|')
    for cell, by_name in runs.items():
        for name in in_order(by_name):
            of, ratios = by_name[name], ratios_of(by_name, name)
            ratio = f'{statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f}' \
                if ratios and name != 'raw' else '|'
            rate = statistics.median(run['messages'] / run['seconds'] for run in of)
            cpu = middle(of, 'cpu_ns')
            cpu = f'{cpu:,.0f} ns' if cpu < 1e5 else f'{cpu / 1000:,.0f} us'
            print(f'| {cell} | {name} | {rate:,.0f} | {cpu} | {ratio} |')


def print_table(runs, names):
    """The ratios alone: a line for each cell, a column for each server."""
    names = [name for name in in_order(names) if name != 'raw']
    print('raw CPU / CPU of the server (1.00: as cheap as the raw echo)\n')
    print(f'{"":6} {"raw, ns":>9}' + ''.join(f' {name:>14}' for name in names))
    for cell, by_name in runs.items():
        raw = f'{middle(by_name["raw"], "cpu_ns"):,.0f}' if by_name.get('raw') else ''
        line = f'{cell:6} {raw:>9}'
        for name in names:
            ratios = ratios_of(by_name, name) if by_name.get(name) else []
            line += f' {statistics.median(ratios):14.2f}' if ratios else f' {"-":>14}'
        print(line)


def draw(runs, names, path):
    """Bars of the ratios, by gnuplot."""
    names = [name for name in in_order(names) if name != 'raw']
    if not shutil.which('gnuplot'):
        print('no picture: there is no gnuplot', file=sys.stderr)
        return
    lines = ['$ratios << END']
    for cell, by_name in runs.items():
        ratios = {name: ratios_of(by_name, name) if by_name.get(name) else [] for name in names}
        lines.append(' '.join([cell, *(f'{statistics.median(ratios[name]):.3f}' if ratios[name] else '0'
                                       for name in names)]))
    lines += ['END', 'set terminal svg size 900,420 font "sans-serif,12" background "#ffffff"',
              f'set output "{path}"', 'set style data histogram', 'set style histogram clustered gap 1',
              'set style fill solid 0.9 noborder', 'set boxwidth 0.95', 'set yrange [0:*]',
              'set ylabel "raw CPU / CPU per message"', 'set key outside top horizontal',
              'set grid ytics lc rgb "#dddddd"', 'set border 3', 'set xtics nomirror scale 0',
              'set ytics nomirror', 'set arrow from graph 0,first 1 to graph 1,first 1 nohead dt 2',
              'plot ' + ', '.join(
                  f'$ratios using {i + 2}:xtic(1) title "{name}" lc rgb "{COLORS[name]}"'
                  for i, name in enumerate(names))]
    subprocess.run(['gnuplot'], input='\n'.join(lines), text=True, check=True)
    print(f'\nThe picture: {path}')


def print_idle(build, servers, connections, repeats):
    print('| server | bytes per idle connection |')
    print('|---|---:|')
    for name, (protocol, command, environment) in servers.items():
        bytes_each = []
        for _ in range(repeats):
            server, port = start(command, environment)
            try:
                figures = load(build, ('load', 'idle', port, protocol, server.pid, connections))
            finally:
                server.kill()
                server.wait()
            if figures:
                bytes_each.append(figures['bytes'])
        if bytes_each:
            print(f'| {name} | {statistics.median(bytes_each):,.0f} |')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', nargs='?', default='build', type=pathlib.Path)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=0.7)
    parser.add_argument('--cells', default=','.join(CELLS))
    parser.add_argument('--servers', default=','.join(SERVERS))
    parser.add_argument('--markdown', action='store_true')
    parser.add_argument('--picture', metavar='FILE')
    parser.add_argument('--idle', type=int, nargs='?', const=10000, metavar='N')
    options = parser.parse_args()
    cells = options.cells.split(',')
    if unknown := [cell for cell in cells if cell not in CELLS]:
        parser.error(f'no cell {", ".join(unknown)}: there are {", ".join(CELLS)}')
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = options.servers.split(',')
    if unknown := [name for name in wanted if name not in SERVERS]:
        parser.error(f'no server {", ".join(unknown)}: there are {", ".join(SERVERS)}')
    servers = {name: how for name, how in find_servers(options.build).items() if name in wanted}
    absent = [name for name in wanted if name not in servers]
    print(machine() + (f'; not installed: {", ".join(absent)}' if absent else '') + '\n')
    if options.idle:
        print_idle(options.build, servers, options.idle, options.repeats)
        return
    runs = measure(options.build, servers, cells, options.repeats, options.seconds)
    if options.markdown:
        print_markdown(runs)
    else:
        print_table(runs, servers)
    if options.picture:
        # The one that is shown to others has everything in it.
        is_whole = len(cells) == len(CELLS) and len(servers) == len(SERVERS)
        draw(runs, servers, options.picture if is_whole else options.build / 'bench/performance.svg')


main()
