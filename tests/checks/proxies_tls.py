#!/usr/bin/env python3
"""nginx and HAProxy in front of weft serve, with TLS at the proxy, behind it, and through it.

The configurations are those of docs/howto/behind-a-proxy.md.
usage: proxies_tls.py WEFT CERTS HOWTO     CERTS: the folder of tools/gen_certs.sh
"""
import pathlib, re, sys, tempfile

from peers import Failure, Running, Weft, find, run_cases, start_at_free_port

weft, howto = Weft(*sys.argv[1:3]), pathlib.Path(sys.argv[3]).read_text()
ca = weft.certs.resolve() / 'ca.pem'
folder = tempfile.TemporaryDirectory(prefix='weft-')
home = pathlib.Path(folder.name)
LARGE = b'x' * 300000 + b'\n'


def block(language):
    found = re.search(rf'^```{language}\n(.*?)^```$', howto, re.M | re.S)
    return found.group(1) if found else sys.exit(f'{sys.argv[3]}: no block of {language}')


def put(text, *pairs):
    for old, new in pairs:
        if old not in text:
            sys.exit(f'{sys.argv[3]}: {old!r} is not in the configuration')
        text = text.replace(old, new)
    return text


def nginx(back, behind_is_tls):
    certificate, key = (path.resolve() for path in weft.pair('server'))
    text = put(block('nginx'), ('127.0.0.1:8080', f'127.0.0.1:{back}'))
    if behind_is_tls:
        text = put(text, ('        proxy_pass http://weft;\n', block('nginx-tls')), ('/etc/ssl/weft-ca.pem', str(ca)))
    paths = '\n'.join(f'{kind}_temp_path {home}/{kind};' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))

    def command(port):
        config = home / 'nginx.conf'
        server = put(text, ('listen 80;', f'listen 127.0.0.1:{port} ssl; ssl_certificate {certificate};'
                                          f'ssl_certificate_key {key};'))
        # Started by root its workers would be somebody else, who has no way into the folder.
        config.write_text(f'daemon off; master_process off; pid {home}/nginx.pid; error_log stderr;\n'
                          f'events {{}}\nhttp {{\naccess_log off;\n{paths}\n{server}}}\n')
        return find('nginx'), '-p', home, '-c', config, '-e', 'stderr'

    return start_at_free_port(command)


def start_haproxy(text, bind):
    def command(port):
        config = home / 'haproxy.cfg'
        config.write_text(put(text, ('bind :80', f'bind 127.0.0.1:{port} {bind}')))
        return find('haproxy'), '-db', '-q', '-f', config

    return start_at_free_port(command)


def both_files():
    """HAProxy has certificate and key in one file."""
    both = home / 'both.pem'
    both.write_bytes(b''.join(path.read_bytes() for path in weft.pair('server')))
    return both


def haproxy(back, behind_is_tls):
    text = block('haproxy')
    if behind_is_tls:
        text = put(text, ('    server weft1 127.0.0.1:8080\n', block('haproxy-tls')), ('/etc/ssl/weft-ca.pem', str(ca)))
    return start_haproxy(put(text, ('127.0.0.1:8080', f'127.0.0.1:{back}')), f'ssl crt {both_files()}')


def check_front(front):
    """Echoes come, and the proxy's word is that the page was an https: one."""
    url = f'wss://localhost:{front}/echo'
    for words in (), ('--origin', f'https://localhost:{front}'):
        weft.expect_echo(url, *words)
    weft.expect_echo(url, given=LARGE)
    weft.expect_failure('403', url, '--origin', f'http://localhost:{front}')
    weft.expect_failure('unknown issuer', url, trust='other-ca')


def terminates(proxy):
    """TLS ends at the proxy"""
    check_front(proxy(weft.serve('--trusted-proxy', '127.0.0.1', names=()), False))


def seals_again(proxy):
    """TLS on both sides"""
    check_front(proxy(weft.serve('--trusted-proxy', '127.0.0.1'), True))


def refuses(proxy):
    """it checks whom it speaks to behind it"""
    for name in 'stranger', 'wrong-host':
        front = proxy(weft.serve(names=(name,)), True)
        weft.expect_failure('HTTP 50', f'wss://localhost:{front}/echo')  # 502 of the one, 503 of the other.


def passes_on(secure, version):
    """HAProxy reads nothing of it, and says whose it is before TLS begins."""
    certificate, key = weft.pair('server')
    words = ['--tls-cert', certificate, '--tls-key', key] if secure else []
    server = Running(weft.program, 'serve', '--listen', '127.0.0.1:0', '--proxy-protocol', '127.0.0.1', *words)
    back = int(server.until(rb'listening on https?://127\.0\.0\.1:(\d+)').group(1))
    text = put(block('haproxy-proxy-protocol'), ('127.0.0.1:8080', f'127.0.0.1:{back}'), ('send-proxy-v2', version))
    front = start_haproxy(text, '')
    url = f'{"wss" if secure else "ws"}://localhost:{front}/echo'
    weft.expect_echo(url)
    weft.expect_echo(url, given=LARGE)
    if secure:
        weft.expect_failure('unknown issuer', url, trust='other-ca')
    server.until(rb'/echo opened by 127\.0\.0\.1:\d+\n.*/echo opened by 127\.0\.0\.1:\d+\n')
    direct = f'{"wss" if secure else "ws"}://localhost:{back}/echo'
    done = weft.connect(direct)
    if done.returncode != 1:
        raise Failure(f'a connection without a header gets in: {done}')


with folder:
    run_cases([
        *((f'{proxy.__name__}: {check.__doc__}', lambda proxy=proxy, check=check: check(proxy))
          for proxy in (nginx, haproxy) for check in (terminates, seals_again, refuses)),
        *((f'haproxy: {version}, {"TLS" if secure else "plain"}',
           lambda secure=secure, version=version: passes_on(secure, version))
          for secure in (False, True) for version in ('send-proxy', 'send-proxy-v2')),
    ])
