#!/usr/bin/env python3
"""Measures our server beside a raw TCP echo, in one run, interleaved.

usage: run.py [BUILD] [--repeats N] [--seconds S] [--cells b20,t20] [--peers FOLDER] [--idle [N]]

The server runs on core 0 and the generator on core 1. What counts is the CPU time of the server per
message, and its ratio to that of the raw echo, which moves the same bytes and knows nothing of
WebSockets: 1.00 is the limit. Medians over the repeats; trust the ratios, nothing absolute.

--peers  also measures npm ws (FOLDER is a node_modules that has it) and python3-websockets.
--idle   instead: bytes of the server's process per idle connection, after traffic.
"""
import argparse, collections, json, os, pathlib, platform, random, resource, shutil, socket, statistics
import subprocess, sys, time

HERE = pathlib.Path(__file__).resolve().parent
# Name: connections, messages in flight on each, bytes, type.
CELLS = {
    'b20': (64, 1, 20, 'binary'), 't20': (64, 1, 20, 'text'),
    'b1k': (64, 1, 1024, 'binary'), 't1k': (64, 1, 1024, 'text'),
    'b16k': (64, 1, 16384, 'binary'), 'b1m': (64, 1, 1 << 20, 'binary'),
    'c1000': (1000, 1, 20, 'binary'), 'pipe': (16, 100, 20, 'binary'),
}
SERVERS = 'raw', 'weft', 'ws', 'websockets'


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
    run = subprocess.run([str(build / 'bench/load'), *map(str, words)], capture_output=True, text=True,
                         preexec_fn=on_core(1), timeout=300)
    if run.returncode:
        print(f'load {" ".join(map(str, words))}: {run.stderr.strip()}', file=sys.stderr)
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


def find_servers(build, peers):
    """Name: protocol, command, environment."""
    servers = {'raw': ('raw', [str(build / 'bench/raw_echo'), 'PORT'], {}),
               'weft': ('ws', [str(build / 'bench/server'), 'PORT', 'plain'], {})}
    if peers:
        if shutil.which('node') and (pathlib.Path(peers) / 'ws').is_dir():
            servers['ws'] = ('ws', ['node', str(HERE / 'peers/ws.cjs'), 'PORT'],
                             {'NODE_PATH': str(pathlib.Path(peers).resolve())})
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
            connections, depth, size, kind = CELLS[cell]
            for name in random.sample(sorted(servers), len(servers)):
                progress(f'{repeat + 1}/{repeats} {cell} {name}')
                protocol, command, environment = servers[name]
                server, port = start(command, environment)
                try:
                    figures = load(build, ('echo', port, protocol, server.pid, connections, depth,
                                           size, kind, seconds))
                finally:
                    server.kill()
                    server.wait()
                if figures:
                    runs[cell][name].append({**figures, 'repeat': repeat})
    progress('')
    return runs


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def print_rows(runs):
    print('| cell | server | messages/s | server CPU per message | raw CPU / CPU | lowest to highest |')
    print('|---|---|---:|---:|---:|---:|')
    for cell, by_name in runs.items():
        for run in (run for of in by_name.values() for run in of):
            run['rate'] = run['messages'] / run['seconds']
        # Of the same repeats, so that the ratio is of neighbours in time.
        raw = {run['repeat']: run for run in by_name.get('raw') or []}
        for name, of in sorted(by_name.items(), key=lambda item: SERVERS.index(item[0])):
            ratios = [raw[run['repeat']]['cpu_ns'] / run['cpu_ns'] for run in of
                      if run['repeat'] in raw]
            ratio = f'{statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f}' \
                if ratios and name != 'raw' else '|'
            cpu = middle(of, 'cpu_ns')
            cpu = f'{cpu:,.0f} ns' if cpu < 1e5 else f'{cpu / 1000:,.0f} us'
            print(f'| {cell} | {name} | {middle(of, "rate"):,.0f} | {cpu} | {ratio} |')


def print_idle(build, servers, connections, repeats):
    print('| server | bytes per idle connection |')
    print('|---|---:|')
    for name, (protocol, command, environment) in servers.items():
        bytes_each = []
        for _ in range(repeats):
            server, port = start(command, environment)
            try:
                figures = load(build, ('idle', port, protocol, server.pid, connections))
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
    parser.add_argument('--peers', metavar='FOLDER')
    parser.add_argument('--idle', type=int, nargs='?', const=10000, metavar='N')
    options = parser.parse_args()
    cells = options.cells.split(',')
    if unknown := [cell for cell in cells if cell not in CELLS]:
        parser.error(f'no cell {", ".join(unknown)}: there are {", ".join(CELLS)}')
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    servers = find_servers(options.build, options.peers)
    print(f'{machine()}\n')
    if options.idle:
        print_idle(options.build, servers, options.idle, options.repeats)
    else:
        print_rows(measure(options.build, servers, cells, options.repeats, options.seconds))


main()
