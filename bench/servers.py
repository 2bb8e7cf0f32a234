"""The servers that are measured: which there are, how each is started, and one run of a generator beside it."""
import json, os, pathlib, shlex, shutil, socket, subprocess, sys, time, typing

HERE = pathlib.Path(__file__).resolve().parent
NAMES = 'raw', 'weft', 'libwebsockets', 'beast', 'bun', 'ws', 'websockets'
CAN_PUBLISH = 'raw', 'weft', 'bun', 'ws'  # Those whose echo also knows /sub and /pub.
CANNOT = {}  # Name: the modes that its echo has not.


class Server(typing.NamedTuple):
    name: str
    command: list  # PORT and MODE are filled in.
    environment: dict
    is_also: bool = False  # One of --also.

    def can(self, cell):
        if self.name == 'raw':
            return cell.raw is not None
        if cell.publishes and not self.is_also and self.name not in CAN_PUBLISH:
            return False
        return cell.mode not in CANNOT.get(self.name, ())


def find(build):
    """Name: server. Only what is there."""
    peers = (build / 'bench/peers').resolve()
    modules = peers / 'node_modules'
    commands = {'raw': ([str(build / 'bench/RAW'), 'PORT'], {}),
                'weft': ([str(build / 'bench/server'), 'PORT', 'MODE'], {})}
    for name in 'libwebsockets', 'beast':
        if (peers / f'{name}_echo').exists():
            commands[name] = [str(peers / f'{name}_echo'), 'PORT', 'MODE'], {}
    # The program itself: installed without scripts, the package's own link does not lead to it.
    if bun := next(modules.glob('@oven/bun-*/bin/bun'), None):
        commands['bun'] = [str(bun), str(HERE / 'peers/bun.js'), 'PORT', 'MODE'], {}
    if shutil.which('node') and (modules / 'ws').is_dir():
        commands['ws'] = ['node', str(HERE / 'peers/ws.cjs'), 'PORT', 'MODE'], {'NODE_PATH': str(modules)}
    python = next((python for python in (sys.executable, '/usr/bin/python3') if subprocess.run(
        [python, '-c', 'import websockets'], stderr=subprocess.DEVNULL).returncode == 0), None)
    if python:
        commands['websockets'] = [python, str(HERE / 'peers/websockets_echo.py'), 'PORT', 'MODE'], {}
    return {name: Server(name, *how) for name, how in commands.items()}


def also(text):
    """NAME='COMMAND with PORT and MODE'."""
    name, _, command = text.partition('=')
    words = shlex.split(command)
    if not name or name in NAMES or not any('PORT' in word for word in words):
        raise ValueError(f"--also wants NAME='COMMAND with PORT and MODE', and a name of its own: {text}")
    return Server(name, words, {}, True)


def certificates(build):
    """The environment of a server that speaks TLS. Made when missing; None without the program openssl."""
    if not shutil.which('openssl'):
        return None
    folder = (build / 'certs').resolve()
    subprocess.run([str(HERE.parent / 'tools/gen_certs.sh'), str(folder)], check=True)
    return {'TLS_CERT': str(folder / 'server.pem'), 'TLS_KEY': str(folder / 'server.key')}


def on_core(number):
    """For a child: two cores or more, and each of the two has its own."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {cores[number]})


def start(server, cell, environment):
    """On a free port; the process and the port, or None and a line on stderr."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    fills = {'PORT': str(port), 'MODE': cell.mode, 'RAW': cell.raw or ''}
    command = server.command
    for word, value in fills.items():
        command = [part.replace(word, value) for part in command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **environment, **server.environment}, preexec_fn=on_core(0))
    for _ in range(500):
        try:
            socket.create_connection(('127.0.0.1', port), 0.5).close()
            return process, port
        except OSError:
            time.sleep(0.02)
        if process.poll() is not None:
            break
    stop(process)
    print(f'{server.name} does not listen in mode {cell.mode}', file=sys.stderr)
    return None


def stop(process):
    process.kill()
    process.wait()


def load(build, server, cell, seconds, environment):
    """Starts the server, and the generator beside it. What the generator prints; None when one of both failed."""
    started = start(server, cell, environment)
    if not started:
        return None
    process, port = started
    protocol = 'raw' if server.name == 'raw' else 'tls' if cell.mode == 'tls' else 'ws'
    fills = {'PORT': port, 'PROTOCOL': protocol, 'PID': process.pid, 'SECONDS': seconds}
    program, *rest = (str(fills.get(word, word)) for word in cell.words)
    try:
        run = subprocess.run([str(build / 'bench' / program), *rest], capture_output=True, text=True,
                             preexec_fn=on_core(1), timeout=300)
    finally:
        stop(process)
    if run.returncode:
        print(f'{server.name}, {program} {" ".join(rest)}: {run.stderr.strip()}', file=sys.stderr)
        return None
    return json.loads(run.stdout)
