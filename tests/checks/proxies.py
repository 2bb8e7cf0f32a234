#!/usr/bin/env python3
"""Runs nginx and HAProxy with the configurations of docs/howto/behind-a-proxy.md, in front of weft serve.

usage: proxies.py WEFT HOWTO     weft listens at Unix-domain sockets in a folder of the test's own,
                                 the proxies at free ports of loopback
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

def accepts(address):
    """Of a path: it is there before anybody listens at it."""
    family = sockets.AF_INET if isinstance(address, tuple) else sockets.AF_UNIX
    with sockets.socket(family) as probe:
        return probe.connect_ex(address if family == sockets.AF_INET else str(address)) == 0

def free_port():
    with sockets.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]

def started(command, address):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + LIMIT_S
    while not accepts(address):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            sys.exit(f'{command[0]} does not listen: {process.communicate()[1]}')
        time.sleep(0.01)
    return process

def nginx(folder, front, back):
    text = put(put(block('nginx'), '127.0.0.1:8080', f'unix:{back}'), 'listen 80', f'listen 127.0.0.1:{front}')
    paths = '\n'.join(f'{kind}_temp_path {folder}/{kind};'
                      for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    config = folder / 'nginx.conf'
    # Started by root its workers would be somebody else, who has no way into the folder.
    config.write_text(f'daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n'
                      f'events {{}}\nhttp {{\naccess_log off;\n{paths}\n{text}}}\n')
    return [find('nginx'), '-p', str(folder), '-c', str(config), '-e', 'stderr']

def haproxy(folder, front, back, language='haproxy', version='send-proxy-v2'):
    text = put(put(block(language), '127.0.0.1:8080', f'unix@{back}'), 'bind :80', f'bind 127.0.0.1:{front}')
    config = folder / f'{language}-{version}.cfg'
    config.write_text(text.replace('send-proxy-v2', version))
    return [find('haproxy'), '-db', '-q', '-f', str(config)]

def haproxy_v1(folder, front, back):
    return haproxy(folder, front, back, 'haproxy-proxy-protocol', 'send-proxy')

def haproxy_v2(folder, front, back):
    return haproxy(folder, front, back, 'haproxy-proxy-protocol')

def connect(front, *options, given='one\ntwo\n'):
    return subprocess.run([program, 'connect', *options, f'ws://127.0.0.1:{front}/echo'], input=given,
                          capture_output=True, text=True, timeout=LIMIT_S)

def check(name, front):
    """Returns how many connections were opened."""
    opened = 0
    # Whom the client claims to be for is not believed.
    for more in (), ('--origin', f'http://127.0.0.1:{front}'), ('-H', 'X-Forwarded-For: 192.0.2.77'):
        done = connect(front, *more)
        opened += 1
        if (done.returncode, done.stdout) != (0, 'one\ntwo\n'):
            sys.exit(f'{name} {more}: {done}')
    refused = connect(front, '--origin', 'http://elsewhere.example')
    if refused.returncode != 1 or '403' not in refused.stderr:
        sys.exit(f'{name}: a foreign origin was not refused: {refused}')
    large = 'x' * 300000 + '\n'
    if connect(front, given=large).stdout != large:
        sys.exit(f'{name}: a large message does not come back')
    return opened + 1

def check_scheme(name, front):
    """By the proxy's word it is http: an https: page is another origin."""
    refused = connect(front, '-H', 'X-Forwarded-Proto: https', '--origin', f'https://127.0.0.1:{front}')
    if refused.returncode != 1 or '403' not in refused.stderr:
        sys.exit(f'{name}: an origin of another scheme was not refused: {refused}')

def check_log(log, peer, count):
    opened = re.findall(r'^.*/echo opened by (\S+)', log, re.M)
    if len(opened) != count or not all(re.fullmatch(peer, one) for one in opened):
        sys.exit(f'{count} times {peer} should have opened, not: {log}')

def run(folder, proxies, *options, peer, tells_scheme):
    back = folder / f'weft{options[0]}.sock'
    server = started([program, 'serve', '--listen', f'unix:{back}', *options], back)
    processes, opened = [], 0
    try:
        for proxy in proxies:
            front = free_port()
            processes.append(started(proxy(folder, front, back), ('127.0.0.1', front)))
            opened += check(proxy.__name__, front)
            if tells_scheme:
                check_scheme(proxy.__name__, front)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.communicate()
        server.terminate()
        log = server.communicate()[1]
    check_log(log, peer, opened)

with tempfile.TemporaryDirectory(prefix='weft-') as folder:
    run(pathlib.Path(folder), (nginx, haproxy), '--trusted-proxy', 'unix', peer=r'127\.0\.0\.1', tells_scheme=True)
    run(pathlib.Path(folder), (haproxy_v1, haproxy_v2), '--proxy-protocol', 'unix', peer=r'127\.0\.0\.1:\d+',
        tells_scheme=False)
print('proxies: nginx and HAProxy pass WebSockets on, and say whose they are')
