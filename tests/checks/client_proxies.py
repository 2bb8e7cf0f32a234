#!/usr/bin/env python3
"""Runs tinyproxy (HTTP) and microsocks (SOCKS5) between weft connect and weft serve, plain and over TLS.

usage: client_proxies.py WEFT [CERTS]     CERTS: the folder of tools/gen_certs.sh; without it no TLS
"""
import os, pathlib, re, shutil, socket, subprocess, sys, tempfile, time

program = sys.argv[1]
certs = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
LIMIT_S = 20
bare = {name: value for name, value in os.environ.items() if not name.lower().endswith('_proxy')}

def find(name):
    return shutil.which(name, path='/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin') or sys.exit(f'{name} is missing')

def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]

def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0

processes = []

def start(make_command):
    """Neither proxy can choose a port by itself: when another program was faster, it ends and is started again."""
    while True:
        port = free_port()
        process = subprocess.Popen(make_command(port), env=bare, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + LIMIT_S
        while process.poll() is None and not listens(port):
            if time.monotonic() > end:
                process.kill()
                sys.exit(f'{process.args}: does not listen')
            time.sleep(0.01)
        if process.poll() is None:
            processes.append(process)
            return port
        said = process.communicate()[1]
        if 'in use' not in said and 'bind' not in said:
            sys.exit(f'{process.args}: {said}')

def serve(*options):
    process = subprocess.Popen([program, 'serve', '--listen', '127.0.0.1:0', *options], env=bare, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    processes.append(process)
    for line in process.stdout:
        found = re.search(r'127\.0\.0\.1:(\d+)', line)
        if found:
            return int(found.group(1))
    sys.exit('weft serve tells no address')

def tinyproxy(folder, *lines):
    def command(port):
        config = folder / f'tinyproxy-{port}.conf'
        config.write_text('\n'.join([f'Port {port}', 'Listen 127.0.0.1', 'Timeout 600', 'MaxClients 20',
                                     f'LogFile "{folder}/tinyproxy-{port}.log"', *lines]) + '\n')
        return [find('tinyproxy'), '-d', '-c', str(config)]
    return start(command)

def microsocks(*options):
    return start(lambda port: [find('microsocks'), '-i', '127.0.0.1', '-p', str(port), *options])

def connect(*arguments, environment={}):
    trust = ['--ca', str(certs / 'ca.pem')] if certs else []
    return subprocess.run([program, 'connect', *trust, *arguments], env={**bare, **environment}, input='one\ntwo\n',
                          capture_output=True, text=True, timeout=LIMIT_S)

def expect_echo(*arguments, environment={}):
    done = connect(*arguments, environment=environment)
    if (done.returncode, done.stdout) != (0, 'one\ntwo\n'):
        sys.exit(f'{arguments} {environment}: {done}')

def expect_failure(words, *arguments, environment={}):
    done = connect(*arguments, environment=environment)
    if done.returncode != 1 or words not in done.stderr:
        sys.exit(f'{arguments} {environment}: no {words!r} in {done}')

def check(folder, urls):
    http = tinyproxy(folder, 'Allow 127.0.0.1')
    guarded_http = tinyproxy(folder, 'Allow 127.0.0.1', 'BasicAuth weft s3cret')
    closed_http = tinyproxy(folder, 'Allow 127.0.0.1', 'ConnectPort 1')
    socks, guarded_socks = microsocks(), microsocks('-u', 'weft', '-P', 's3cret')
    dead = free_port()
    for url in urls:
        for proxy in (f'http://127.0.0.1:{http}', f'127.0.0.1:{http}', f'http://weft:s3cret@127.0.0.1:{guarded_http}',
                      f'socks5h://127.0.0.1:{socks}', f'socks5://localhost:{socks}',
                      f'socks5h://weft:s3cret@127.0.0.1:{guarded_socks}'):
            expect_echo('--proxy', proxy, url)
            expect_echo(url, environment={'all_proxy': proxy})
        expect_failure(': 401', '--proxy', f'http://weft:wrong@127.0.0.1:{guarded_http}', url)
        expect_failure(': 407', '--proxy', f'http://127.0.0.1:{guarded_http}', url)
        expect_failure(': 403', '--proxy', f'http://127.0.0.1:{closed_http}', url)
        expect_failure('password is wrong', '--proxy', f'socks5h://weft:wrong@127.0.0.1:{guarded_socks}', url)
        expect_failure('wants a user name', '--proxy', f'socks5h://127.0.0.1:{guarded_socks}', url)
        expect_failure('no connection to the proxy', '--proxy', f'http://127.0.0.1:{dead}', url)
        scheme = 'https' if url.startswith('wss') else 'http'
        wrong = {f'{scheme}_proxy': f'http://127.0.0.1:{dead}'}
        expect_failure('no connection to the proxy', url, environment=wrong)
        expect_echo('--no-proxy', url, environment=wrong)
        expect_echo(url, environment={**wrong, 'no_proxy': 'example.org, localhost'})
        expect_echo('--proxy', f'http://127.0.0.1:{http}', url, environment=wrong)
    nobody = f'ws://localhost:{dead}/'
    expect_failure('has no connection: connection refused', '--proxy', f'socks5h://127.0.0.1:{socks}', nobody)
    expect_failure(': 500', '--proxy', f'http://127.0.0.1:{http}', nobody)

with tempfile.TemporaryDirectory(prefix='weft-') as folder:
    try:
        urls = [f'ws://localhost:{serve()}/echo']
        if certs:
            secure = serve('--tls-cert', str(certs / 'server.pem'), '--tls-key', str(certs / 'server.key'))
            urls.append(f'wss://localhost:{secure}/echo')
        check(pathlib.Path(folder), urls)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.communicate()
print(f'client_proxies: tinyproxy and microsocks pass {len(urls)} kinds of WebSockets on')
