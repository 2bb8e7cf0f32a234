#!/usr/bin/env python3
"""Writes seeds as readable text: x, the case (of the engine's targets), the cut, the bytes in hexadecimal.

usage: seeds.py CORPUS     the folder tests/fuzz/corpus
"""
import pathlib, sys

corpus = pathlib.Path(sys.argv[1])
HANDSHAKE, SMALL, LATE, CLOSES, MASKS = 1, 2, 4, 8, 16

FRAMES = {
    'text': '8105 48656c6c6f',
    'fragments': '0103 48656c 8900 8002 6c6f',
    'long': '827e 0100' + '00' * 256,
    'ping': '8904 70696e67 8a00',
    'close': '8805 03e8 627965 8100',
    'close-bare': '8800',
    'utf8-cut': '0102 c3 bc 8001 c3',
    'not-minimal': '827f 000000000000 0001 00',
    'reserved': 'c100 8300',
    'too-big': '8270' + '61' * 112,
}

def upgrade(*more):
    lines = ['GET /chat HTTP/1.1', 'Host: a', 'Upgrade: websocket', 'Connection: Upgrade',
             'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', *more]
    return '\r\n'.join(lines) + '\r\n\r\n'

PLAIN = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
REQUESTS = {
    'upgrade': upgrade(),
    'upgrade-lists': upgrade('Sec-WebSocket-Protocol: a, b', 'Sec-WebSocket-Extensions: x; y="z"', 'Origin: http://a'),
    'pipeline': PLAIN + PLAIN + upgrade(),
    'post': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
}
ANSWERS = {
    'refusal': 'HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhello',
    'chunks': 'HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n',
    'until-end': 'HTTP/1.0 404 No\r\n\r\nhello',
    'interim': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
               'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
}

def write(target, name, case, cut, data):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    digits = (bytes([cut] if case is None else [case, cut]) + data).hex()
    lines = [digits[at:at + 96] for at in range(0, len(digits), 96)]
    (folder / name).write_text('x' + '\n'.join(lines) + '\n')

for target, case in ('engine_server', MASKS), ('engine_client', 0):
    for name, digits in FRAMES.items():
        write(target, name, case, 1, bytes.fromhex(digits))
        write(target, name + '-small', case | SMALL, 0, bytes.fromhex(digits))
        write(target, name + '-closing', case | CLOSES, 4, bytes.fromhex(digits))
for name, text in REQUESTS.items():
    for case in HANDSHAKE, HANDSHAKE | LATE, HANDSHAKE | SMALL:
        write('engine_server', f'{name}-{case}', case, 10, text.encode())
for name, text in ANSWERS.items():
    for case in HANDSHAKE, HANDSHAKE | SMALL:
        write('engine_client', f'{name}-{case}', case, 6, text.encode())

SIGNATURE = bytes.fromhex('0d0a0d0a000d0a515549540a')
HEADS = {
    'tcp4': b'PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\nGET / HTTP/1.1\r\n',
    'tcp6': b'PROXY TCP6 2001:db8::1 ::1 1 2\r\n',
    'unknown': b'PROXY UNKNOWN x y\r\n',
    'v2-local': SIGNATURE + bytes.fromhex('20000000'),
    'v2-ipv4': SIGNATURE + bytes.fromhex('2111000c c0000201 c0000202 3039 01bb'),
    'v2-ipv6': SIGNATURE + bytes.fromhex('21210024' + '20010db8' * 8 + '0050 0051'),
    'v2-unix': SIGNATURE + bytes.fromhex('213100d8' + '2f61' + '00' * 214),
    'v2-fields': SIGNATURE + bytes.fromhex('21110016 c0000201 c0000202 3039 01bb 04 0000 03 0004 00000000'),
}
for name, head in HEADS.items():
    write('proxy_protocol', name, None, 4, head)

# The lowest bit: SOCKS5, else HTTP; the next one: with a login.
PROXY_ANSWERS = {
    'http-tunnel': (0, b'HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nVia: a\r\n\r\nHTTP/1.1 101'),
    'http-refusal': (0, b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="a"\r\nContent-Length: 2\r\n\r\nno'),
    'socks-tunnel': (1, bytes.fromhex('0500 05000003 0161 0050') + b'HTTP/1.1 101'),
    'socks-login': (3, bytes.fromhex('0502 0100 05000001 7f000001 0050')),
    'socks-ipv6': (1, bytes.fromhex('0500 05000004' + '00' * 15 + '01 0050')),
    'socks-refusal': (1, bytes.fromhex('0500 05050001')),
}
for name, (case, answer) in PROXY_ANSWERS.items():
    write('proxy_answers', name, None, 4 * 2 + case, answer)

def record(kind, words):
    return bytes([kind]) + len(words).to_bytes(2, 'big') + words

DATA, ALERT, HANDSHAKE_MESSAGE, AS_IT_IS = 23, 21, 22, 200
UPDATE, UPDATE_REQUESTED = bytes.fromhex('1800000100'), bytes.fromhex('1800000101')
TLS_RECORDS = {
    'data': [(DATA, b'hello'), (DATA, b' '), (DATA, b'you')],
    'close': [(DATA, b'bye'), (ALERT, b'\1\0'), (DATA, b'late')],
    'alert': [(ALERT, b'\2\x28')],
    'updates': [(DATA, b'a'), (HANDSHAKE_MESSAGE, UPDATE), (DATA, b'b'), (HANDSHAKE_MESSAGE, UPDATE_REQUESTED), (DATA, b'c'),
                (HANDSHAKE_MESSAGE, UPDATE_REQUESTED), (HANDSHAKE_MESSAGE, UPDATE_REQUESTED), (ALERT, b'\1\0')],
    'update-in-pieces': [(HANDSHAKE_MESSAGE, UPDATE[:2]), (HANDSHAKE_MESSAGE, UPDATE[2:]), (DATA, b'old keys')],
    'padding': [(0, b'a\x17' + b'\0' * 40), (0, b'\x17\0'), (0, b'\0\0')],
    'empty': [(DATA, b'')] * 40,
    'cancelled': [(ALERT, b'\1\x5a')] * 6,
    'other-handshake': [(HANDSHAKE_MESSAGE, b'\x04\0\0\0')],
    'plain-alert': [(DATA, b'x'), (AS_IT_IS, bytes.fromhex('15030300020228'))],
    'change-cipher-spec': [(AS_IT_IS, bytes.fromhex('140303000101'))],
    'too-long': [(AS_IT_IS, bytes.fromhex('1703034101'))],
    'bad-tag': [(DATA, b'x'), (AS_IT_IS, bytes.fromhex('1703030011') + b'seventeen bytes!!')],
}
for name, records in TLS_RECORDS.items():
    for suite in range(3):
        write('tls_records', f'{name}-{suite}', None, 3 * 6 + suite, b''.join(record(*one) for one in records))
