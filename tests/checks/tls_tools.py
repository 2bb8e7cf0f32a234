#!/usr/bin/env python3
"""openssl's s_client and s_server, and curl, against weft over TLS. All that is trusted is the CA of the tests.

usage: tls_tools.py WEFT CERTS     CERTS: the folder of tools/gen_certs.sh
"""
import base64, hashlib, pathlib, re, sys, tempfile

from peers import Failure, Running, Weft, find, once, run_cases

weft = Weft(*sys.argv[1:3])
ca = weft.certs / 'ca.pem'
openssl, curl = find('openssl'), find('curl')
GET = b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
KEY = b'dGhlIHNhbXBsZSBub25jZQ=='  # RFC 6455 1.3
UPGRADE = (b'GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
           b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ' + KEY + b'\r\n\r\n')
CLIENT = [word for name, option in zip(weft.pair('client'), ('-cert', '-key')) for word in (option, name)]


def expect(pattern, said):
    if not re.search(pattern, said, re.S):
        raise Failure(f'no {pattern} in {said}')


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest())


# ---- openssl s_client and weft serve ----

def ask(port, *options, name='localhost', given=GET):
    """s_client says what the TLS is, then what came."""
    done = once(openssl, 's_client', '-connect', f'127.0.0.1:{port}', '-CAfile', ca, '-servername', name,
                '-verify_return_error', '-verify_hostname', name, '-ign_eof', *options, given=given)
    return done.stdout + done.stderr


def versions():
    port = weft.serve()
    for version, option in ((b'1.2', '-tls1_2'), (b'1.3', '-tls1_3')):
        said = ask(port, option, '-alpn', 'h2,http/1.1')
        expect(rb'New, TLSv' + version, said)
        expect(rb'Verify return code: 0 \(ok\)', said)
        expect(rb'ALPN protocol: http/1\.1', said)
        expect(rb'HTTP/1\.1 200 OK\r\n.*\nok\n', said)
    for option in '-tls1', '-tls1_1':
        expect(rb'alert protocol version', ask(port, option, '-cipher', 'DEFAULT@SECLEVEL=0'))


def names_choose():
    port = weft.serve(names=('server', 'rsa', 'other'))
    for name, subject in (('localhost', b'localhost'), ('other.test', b'other.test'),
                          ('any.wild.test', b'other.test')):
        said = ask(port, name=name)
        expect(rb'subject=CN = ' + subject, said)
        expect(rb'Verify return code: 0', said)
    # What no certificate is for gets the first, and the client finds out.
    expect(rb'subject=CN = localhost.*hostname mismatch|hostname mismatch', ask(port, name='nobody.test'))


def both_keys_of_a_name():
    port = weft.serve(names=('rsa',))
    for option in '-tls1_2', '-tls1_3':
        expect(rb'Peer signature type: RSA', ask(port, option))


def resumption():
    port = weft.serve()
    with tempfile.TemporaryDirectory(prefix='weft-') as folder:
        for version in '1_2', '1_3':
            session = pathlib.Path(folder) / version
            expect(rb'New, TLS', ask(port, f'-tls{version}', '-sess_out', session))
            said = ask(port, f'-tls{version}', '-sess_in', session)
            expect(rb'Reused, TLS', said)
            expect(rb'HTTP/1\.1 200 OK', said)
        # A ticket of another server is worth nothing there, and no reason to fail.
        said = ask(weft.serve(), '-tls1_3', '-sess_in', session)
        expect(rb'New, TLS', said)
        expect(rb'HTTP/1\.1 200 OK', said)


def no_renegotiation():
    port = weft.serve()
    peer = Running(openssl, 's_client', '-connect', f'127.0.0.1:{port}', '-CAfile', ca, '-tls1_2')
    peer.until(rb'Verify return code: 0')
    peer.say(b'R\n')
    peer.until(rb'RENEGOTIATING.*(no renegotiation|handshake failure)')
    expect(rb'HTTP/1\.1 200', ask(port))


def new_keys():
    """RFC 8446 4.6.3: K asks for ours, too; k does not. With each suite, whose records are our own."""
    port = weft.serve()
    for suite in 'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256':
        peer = Running(openssl, 's_client', '-connect', f'127.0.0.1:{port}', '-CAfile', ca, '-ciphersuites', suite)
        peer.until(rb'Cipher is ' + suite.encode() + rb'.*Verify return code: 0')
        for count, letter in enumerate((b'K', b'k', b'K'), 1):
            peer.say(letter + b'\n')
            peer.until(rb'(KEYUPDATE.*?){%d}' % count)
            peer.say(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
            peer.until(rb'(HTTP/1\.1 200 OK\r\n.*?\nok\n.*?){%d}' % count)
        peer.say(b'Q\n')


def client_certificates():
    port = weft.serve('--tls-ca', ca)
    for version in '-tls1_2', '-tls1_3':
        expect(rb'HTTP/1\.1 200', ask(port, version, *CLIENT))
        for name in 'server', 'stranger':  # Not for clients; not of this authority.
            certificate, key = weft.pair(name)
            said = ask(port, version, '-cert', certificate, '-key', key)
            expect(rb'alert (unsupported certificate|unknown ca)', said)
    expect(rb'alert handshake failure', ask(port, '-tls1_2'))
    expect(rb'alert certificate required', ask(port, '-tls1_3'))


def a_websocket_by_hand():
    port = weft.serve()
    mask = b'\1\2\3\4'
    text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(b'by hand'))
    close = b'\x88\x82' + mask + bytes((0x03 ^ 1, 0xe8 ^ 2))
    said = ask(port, '-quiet', given=UPGRADE + b'\x81\x87' + mask + text + close)
    expect(rb'101 Switching Protocols.*' + re.escape(accept_of(KEY)) + rb'.*\x81\x07by hand\x88\x02\x03\xe8', said)


# ---- openssl s_server and weft connect ----

def far_end(*options, name='server'):
    """s_server on a free port, for one connection; it can have more than one certificate."""
    certificate, key = weft.pair(name)
    one = Running(openssl, 's_server', '-accept', '127.0.0.1:0', '-cert', certificate, '-cert_chain', certificate,
                  '-key', key, *options)
    return one, int(one.until(rb'ACCEPT 127\.0\.0\.1:(\d+)\n').group(1))


def converse(*options, arguments=(), host='localhost', name='server', trust='ca'):
    """One message from a scripted server; answers what s_server said."""
    server, port = far_end(*options, name=name)
    client = Running(weft.program, 'connect', *(['--ca', weft.certs / f'{trust}.pem'] if trust else []), *arguments,
                     f'wss://{host}:{port}/script')
    key = server.until(rb'GET /script HTTP/1\.1\r\n.*Sec-WebSocket-Key: ([^\r]+)\r\n.*?\r\n\r\n').group(1)
    server.say(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
               b'Sec-WebSocket-Accept: ' + accept_of(key) + b'\r\n\r\n\x81\x0dfrom s_server')
    client.until(rb'^from s_server\n')
    server.say(b'\x88\x02\x03\xe8')
    server.until(rb'\x88\x82....')
    server.say(b'Q\n')
    client.end()
    if client.process.returncode != 0:
        raise Failure(f'weft connect: {client.output}')
    return server.end()


def connect_versions():
    for version in '1_2', '1_3':
        said = converse(f'-tls{version}', '-alpn', 'http/1.1')
        expect(rb'ALPN protocols selected: http/1\.1', said)
        expect(rb'CIPHER is ' + (rb'TLS_' if version == '1_3' else rb'ECDHE-'), said)
    converse('-groups', 'P-384')  # Another group than the client's first: HelloRetryRequest.
    converse(name='rsa', host='127.0.0.1')
    pin = (weft.certs / 'server.pin').read_text().strip()
    converse(arguments=('--pin', pin))
    converse(name='self', trust='self')


def connect_shows_who_it_is():
    certificate, key = weft.pair('client')
    asking = ('-Verify', '2', '-verify_return_error', '-CAfile', ca)
    for version in '-tls1_2', '-tls1_3':
        said = converse(version, *asking, arguments=('--cert', certificate, '--key', key))
        expect(rb'subject=CN = client', said)
        _, port = far_end(version, *asking)
        weft.expect_failure('certificate required' if version == '-tls1_3' else 'handshake failure',
                            f'wss://localhost:{port}/')


def connect_refuses():
    for name, words in (('expired', 'the certificate has expired'), ('future', 'not valid yet'),
                        ('stranger', 'unknown issuer'), ('self', 'the certificate is self-signed'),
                        ('wrong-host', 'the certificate is not for localhost')):
        _, port = far_end(name=name)
        weft.expect_failure(words, f'wss://localhost:{port}/')
    _, port = far_end(name='wrong-host')
    weft.expect_failure('the certificate is not for 127.0.0.1', f'wss://127.0.0.1:{port}/')
    _, port = far_end('-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0')
    weft.expect_failure('protocol version', f'wss://localhost:{port}/')
    _, port = far_end('-tls1_2', '-cipher', 'AES128-SHA', name='rsa')
    weft.expect_failure('handshake failure', f'wss://localhost:{port}/')
    _, port = far_end()
    other = (weft.certs / 'other.pin').read_text().strip()
    weft.expect_failure('pinned', f'wss://localhost:{port}/', '--pin', other)


def cut_off_is_told():
    """s_server is killed after the handshake: no close_notify."""
    server, port = far_end()
    client = Running(weft.program, 'connect', '--ca', ca, f'wss://localhost:{port}/')
    server.until(rb'GET / HTTP/1\.1\r\n.*?\r\n\r\n')
    server.process.kill()
    expect(rb'truncated', client.end())


# ---- curl and weft serve ----

def fetch(port, *options, path='healthz', scheme='https', host='localhost', trust=ca):
    return once(curl, '--silent', '--show-error', '--include', '--cacert', trust, *options,
                f'{scheme}://{host}:{port}/{path}')


def curl_trusts():
    port = weft.serve()
    pin = (weft.certs / 'server.pin').read_text().strip()
    for options in [], ['--tlsv1.3'], ['--tls-max', '1.2'], ['--pinnedpubkey', pin], ['--http2']:
        expect(rb'^HTTP/1\.1 200 OK\r\n.*ok\n$', fetch(port, *options).stdout)
    expect(rb'^HTTP/1\.1 200 OK\r\n', fetch(port, host='127.0.0.1').stdout)
    expect(rb'<title>', fetch(port, path='chat.html').stdout)
    # 60: the certificate is not trusted, or not for this host.
    elsewhere = ('--resolve', f'other.test:{port}:127.0.0.1')
    for done in (fetch(port, trust=weft.certs / 'other-ca.pem'), fetch(port, *elsewhere, host='other.test')):
        if done.returncode != 60:
            raise Failure(f'not refused: {done}')
    done = fetch(port, '--pinnedpubkey', (weft.certs / 'other.pin').read_text().strip())
    if done.returncode != 90:
        raise Failure(f'a wrong pin is taken: {done}')
    plain = fetch(port, scheme='http').stdout
    expect(rb'^HTTP/1\.1 400 ', plain)


def curl_shows_who_it_is():
    port = weft.serve('--tls-ca', ca)
    certificate, key = weft.pair('client')
    expect(rb'^HTTP/1\.1 200 OK\r\n', fetch(port, '--cert', certificate, '--key', key).stdout)
    if fetch(port).returncode != 56:  # A failure to receive: TLS 1.3 tells it after the handshake.
        raise Failure('a client without a certificate gets in')


def curl_wss():
    """Not every curl has WebSockets; one that has opens and is closed by the server's end."""
    if b' wss' not in once(curl, '--version').stdout:
        return
    port = weft.serve('--idle-timeout', '1')
    expect(rb'^HTTP/1\.1 101 ', fetch(port, '--http1.1', scheme='wss', path='echo').stdout)


run_cases([
    ('s_client: TLS 1.2 and 1.3, ALPN, and nothing older', versions),
    ('s_client: the name chooses the certificate', names_choose),
    ('s_client: an RSA key', both_keys_of_a_name),
    ('s_client: sessions are resumed', resumption),
    ('s_client: no renegotiation', no_renegotiation),
    ('s_client: new keys, with each suite', new_keys),
    ('s_client: certificates of clients', client_certificates),
    ('s_client: a WebSocket by hand', a_websocket_by_hand),
    ('s_server: versions, groups, keys, pins', connect_versions),
    ('s_server: who weft connect is', connect_shows_who_it_is),
    ('s_server: what weft connect refuses, and why', connect_refuses),
    ('s_server: a connection that is cut off', cut_off_is_told),
    ('curl: https, and whom it trusts', curl_trusts),
    ('curl: certificates of clients', curl_shows_who_it_is),
    ('curl: wss', curl_wss),
])
