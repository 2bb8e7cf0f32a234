#!/usr/bin/env python3
"""Runs nginx and HAProxy with the configurations of docs/howto/behind-a-proxy.md, in front of weft serve.

usage: proxies.py WEFT HOWTO     all addresses become Unix-domain sockets in a folder of the test's own
"""
import pathlib, re, shutil, socket as sockets, subprocess, sys, tempfile, time

program, howto = sys.argv[1], pathlib.Path(sys.argv[2]).read_text()
LIMIT_S = 20

def block(language):
    found = re.search(rf'^```{language}\n(.*?)^```$', howto, re.M | re.S)
    return found.group(1) if found else sys.exit(f'{sys.argv[2]}: no block of {language}')

def put(text, old, new):
    if old not in text:
        sys.exit(f'{sys.argv[2]}: {old!r} is not in the configuration')
    return text.replace(old, new)

def find(name):
    return shutil.which(name, path='/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin') or sys.exit(f'{name} is missing')

def accepts(path):
    """A path is there before anybody listens at it."""
    with sockets.socket(sockets.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0

def started(command, socket):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + LIMIT_S
    while not accepts(socket):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            sys.exit(f'{command[0]} does not listen: {process.communicate()[1]}')
        time.sleep(0.01)
    return process

def nginx(folder, front, back):
    text = put(put(block('nginx'), '127.0.0.1:8080', f'unix:{back}'), 'listen 80', f'listen unix:{front}')
    paths = '\n'.join(f'{kind}_temp_path {folder}/{kind};'
                      for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    config = folder / 'nginx.conf'
    # Started by root its workers would be somebody else, who has no way into the folder.
    config.write_text(f'daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n'
                      f'events {{}}\nhttp {{\naccess_log off;\n{paths}\n{text}}}\n')
    return [find('nginx'), '-p', str(folder), '-c', str(config), '-e', 'stderr']

def haproxy(folder, front, back):
    text = put(put(block('haproxy'), '127.0.0.1:8080', f'unix@{back}'), 'bind :80', f'bind unix@{front}')
    config = folder / 'haproxy.cfg'
    config.write_text(text)
    return [find('haproxy'), '-db', '-q', '-f', str(config)]

def connect(front, *options, given='one\ntwo\n'):
    return subprocess.run([program, 'connect', *options, f'ws+unix:{front}:/echo'], input=given,
                          capture_output=True, text=True, timeout=LIMIT_S)

def check(name, front):
    for origin in (), ('--origin', 'http://localhost'):
        done = connect(front, *origin)
        if (done.returncode, done.stdout) != (0, 'one\ntwo\n'):
            sys.exit(f'{name} {origin}: {done}')
    refused = connect(front, '--origin', 'http://elsewhere.example')
    if refused.returncode != 1 or '403' not in refused.stderr:
        sys.exit(f'{name}: a foreign origin was not refused: {refused}')
    large = 'x' * 300000 + '\n'
    if connect(front, given=large).stdout != large:
        sys.exit(f'{name}: a large message does not come back')

with tempfile.TemporaryDirectory(prefix='weft-') as folder:
    folder = pathlib.Path(folder)
    back = folder / 'weft.sock'
    processes = [started([program, 'serve', '--quiet', '--listen', f'unix:{back}'], back)]
    try:
        for proxy in nginx, haproxy:
            front = folder / f'{proxy.__name__}.sock'
            processes.append(started(proxy(folder, front, back), front))
            check(proxy.__name__, front)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.communicate()
print('proxies: nginx and HAProxy pass WebSockets on')
