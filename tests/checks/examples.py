#!/usr/bin/env python3
"""Runs the examples against each other, over Unix sockets.

usage: examples.py EXAMPLES WEFT SOURCES     the folder of the built examples, the program, and the
folder of their sources
"""
import pathlib, socket as sockets, subprocess, sys, tempfile, time

examples = pathlib.Path(sys.argv[1])
program = sys.argv[2]
LIMIT_S = 20
LINES_MAX = 60
# The last two are built where libuv and GLib are installed.
LOOPS = {'foreign-loop': 'poll', 'foreign-loop-uv': 'libuv', 'foreign-loop-glib': 'GLib'}

def accepts(path):
    """A path is there before anybody listens at it."""
    with sockets.socket(sockets.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0

def started(name, socket):
    """The example as a server whose socket is there."""
    server = subprocess.Popen([examples / name, f'unix:{socket}'])
    end = time.monotonic() + LIMIT_S
    while not accepts(socket):
        if server.poll() is not None or time.monotonic() > end:
            server.kill()
            sys.exit(f'{name}: does not listen at {socket}')
        time.sleep(0.01)
    return server

def run(*command, given=None):
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode != 0:
        sys.exit(f'{command}: status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout

def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f'{what}: {found!r} instead of {wanted!r}')

def echo_and_client(folder):
    server = started('echo-server', folder / 'echo')
    try:
        expect('client', run(examples / 'client', f'ws+unix:{folder}/echo:/echo'), 'hello\n')
        url = f'ws+unix:{folder}/echo:/echo'
        expect('blocking-client', run(examples / 'blocking-client', url, 'ahoy'), 'ahoy\n')
        for name, loop in LOOPS.items():
            if (examples / name).exists():
                expect(name, run(examples / name, url), f'hello from {loop}\n')
        expect('blocking-client', run(examples / 'blocking-client', f'ws+unix:{folder}/echo:/echo', 'so it is'),
               'so it is\n')
        (folder / 'file').write_bytes(bytes(3_000_000))
        sent = run(examples / 'send-file', f'ws+unix:{folder}/echo:/echo', folder / 'file')
        expect('send-file', sent, '3000000 bytes\n')
        text = ''.join(f'line {i}\n' for i in range(200_000))
        if run(examples / 'parts', f'ws+unix:{folder}/echo:/echo', given=text) != text:
            sys.exit('parts: what came is not what was sent')
        answered = run(program, 'connect', f'ws+unix:{folder}/echo:/echo', given='one\ntwo\n')
        expect('weft connect', answered, 'one\ntwo\n')
    finally:
        server.kill()
        server.wait()

def chat(folder):
    server = started('chat-server', folder / 'chat')
    try:
        room = f'ws+unix:{folder}/chat:/chat'
        expect('chat', run(program, 'connect', room, given='good morning\n'), 'good morning\n')
    finally:
        server.kill()
        server.wait()

def ticker(folder):
    server = started('ticker', folder / 'ticker')
    try:
        price = run(examples / 'blocking-client', f'ws+unix:{folder}/ticker:/prices', 'a word')
        if not price.startswith('share '):
            sys.exit(f'ticker: {price!r}')
    finally:
        server.kill()
        server.wait()

with tempfile.TemporaryDirectory(prefix='weft-') as folder:
    echo_and_client(pathlib.Path(folder))
    chat(pathlib.Path(folder))
    ticker(pathlib.Path(folder))
expect('engine', run(examples / 'engine'), 'the server answers\n')
for source in pathlib.Path(sys.argv[3]).glob('*.c'):
    if len(source.read_text().splitlines()) >= LINES_MAX:
        sys.exit(f'{source.name}: an example has less than {LINES_MAX} lines')
print('examples: they talk to each other')
