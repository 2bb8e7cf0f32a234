"""python3-websockets against weft, both ways. For CTest, without a further step:

    /usr/bin/python3 run.py <weft-program>

One line per case on stdout; status 0 only if all passed. Needs Debian's python3-websockets (10 or later).
Over TLS with WEFT_TEST_TLS=1 and the certificates of $WEFT_CERTS, whose authority SSL_CERT_FILE makes trusted.
"""

import asyncio
import contextlib
import http
import json
import os
import re
import ssl
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory)

import deflate

CASE_SECONDS_MAX = 20
MEBIBYTE = 1 << 20
SECURE = os.environ.get("WEFT_TEST_TLS") == "1"
WS = "wss" if SECURE else "ws"

CASES = []


def case(name):
    """Adds a coroutine function to the cases."""

    def add(run):
        CASES.append((name, run))
        return run

    return add


def expect(actual, wanted):
    if actual != wanted:
        shown = [repr(value) if len(repr(value)) < 200 else f"{len(value)} long" for value in (actual, wanted)]
        raise AssertionError(f"{shown[0]}, expected {shown[1]}")


async def end_process(process):
    """Kills a process that has not ended yet, and waits for its end."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()


def pair(name="server"):
    return [os.path.join(os.environ["WEFT_CERTS"], name + end) for end in (".pem", ".key")]


def server_context(name="server"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair(name))
    return context


@contextlib.asynccontextmanager
async def serving(program, *options):
    """`weft serve` at a free port."""
    if SECURE:
        options += ("--tls-cert", pair()[0], "--tls-key", pair()[1])
    process = await asyncio.create_subprocess_exec(
        program, "serve", "--listen", "127.0.0.1:0", "--quiet", *options, stdout=asyncio.subprocess.PIPE)
    try:
        line = (await process.stdout.readline()).decode()
        match = re.fullmatch(r"listening on https?://(127\.0\.0\.1:\d+)/?\n", line)
        if not match:
            raise AssertionError(f"the first line is not the address: {line!r}")
        yield match[1], process
    finally:
        await end_process(process)


@contextlib.asynccontextmanager
async def dialled(program, path="/echo", **options):
    """A client of websockets at a `weft serve` of its own."""
    async with serving(program) as (host, _):
        options.setdefault("compression", None)
        async with websockets.connect(f"{WS}://{host}{path}", **options) as client:
            yield client


# ---- Their client, our server ----

PAYLOADS = [
    ("text", "Grüße, weft 👋"),
    ("empty text", ""),
    ("no bytes", b""),
    ("125 bytes", bytes(125)),
    ("126 bytes", bytes(126)),
    ("65 536 bytes", bytes(range(256)) * 256),
    ("1 MiB of text", "weft" * (MEBIBYTE // 4)),
    ("1 MiB less 1 of bytes", bytes(MEBIBYTE - 1)),
]


@case("client: echo of texts and bytes of all sizes")
async def echo_payloads(program):
    async with dialled(program) as client:
        for _, payload in PAYLOADS:
            await client.send(payload)
            expect(await client.recv(), payload)
        await client.close(3001, "bye")
        expect((client.close_code, client.close_reason), (3001, "bye"))


@case("client: echo of fragments")
async def echo_fragments(program):
    async with dialled(program) as client:
        for parts in (["one, ", "", "two, ", "three 👋"], [b"\x00" * 1000] * 50):
            await client.send(iter(parts))
            expect(await client.recv(), parts[0][:0].join(parts))


@case("client: pings are answered while messages go on")
async def pings(program):
    async with dialled(program) as client:
        waiters = []
        for number in range(20):
            waiters.append(await client.ping(b"ping %d" % number))
            await client.send(str(number))
        await asyncio.gather(*waiters)
        expect([await client.recv() for _ in range(20)], [str(number) for number in range(20)])


@case("client: the heartbeat")
async def heartbeat(program):
    async with dialled(program, "/heartbeat") as client:
        beat = json.loads(await client.recv())
        expect((beat["type"], beat["pings"], beat["pongs"]), ("heartbeat", 1, 1))


@case("client: the subprotocol")
async def subprotocol(program):
    async with dialled(program, subprotocols=["other", "json"]) as client:
        expect(client.subprotocol, "json")


# What both roles ask of permessage-deflate.
DEFLATES = [
    {},
    {"server_no_context_takeover": True},
    {"client_no_context_takeover": True},
    {"server_max_window_bits": 9},
    {"client_max_window_bits": 9},
    {"client_max_window_bits": 12, "server_max_window_bits": 11, "server_no_context_takeover": True},
]
DEFLATED = [("weft %d " % size) * (size // 7) for size in (16, 64, 512, 1024, 65536, 131072)]
DEFLATED += [b"", b"\0", bytes(range(256)) * 500, bytes(100000)]


@case("client: compression with all parameters")
async def compression(program):
    for parameters in DEFLATES:
        offer = [ClientPerMessageDeflateFactory(**parameters)]
        async with dialled(program, extensions=offer) as client:
            expect([extension.name for extension in client.extensions], ["permessage-deflate"])
            for payload in DEFLATED:
                await client.send(payload)
                expect(await client.recv(), payload)
            await client.send(iter(DEFLATED[:6]))
            expect(await client.recv(), "".join(DEFLATED[:6]))


# websockets writes with the client's window, and zlib writes none of 8 bits.
def client_windows(takeover, window_bits, level):
    combinations = deflate.combinations(takeover, (None, 8, *deflate.BITS), (None, True, *deflate.BITS))

    @case(f"client: {len(combinations)} pairs of windows up to {window_bits} bits at level {level} with {deflate.group_name(takeover)}")
    async def run_all(program):
        options = ["--deflate-window-bits", str(window_bits), "--deflate-level", str(level)]
        async with serving(program, *options) as (host, _):
            async def run(parameters):
                offer = [ClientPerMessageDeflateFactory(**parameters)]
                async with websockets.connect(f"{WS}://{host}/echo", compression=None, extensions=offer) as client:
                    deflate.check_answer(client.request_headers, client.response_headers, window_bits)
                    await deflate.echo_all(client)

            await deflate.in_batches(combinations, run)


# Level 1 is weft's own, the others are zlib's.
if not SECURE:  # TLS changes nothing of it.
    for asked in deflate.TAKEOVERS:
        client_windows(asked, 15, 1)
    client_windows((False, False), 15, 6)
    # A server that cannot use all that is asked for.
    client_windows((False, False), 11, 1)
    client_windows((False, False), 11, 6)


@case("client: an origin that is not the server's is refused with 403")
async def origin(program):
    try:
        async with dialled(program, origin="http://evil.example"):
            raise AssertionError("the handshake was not refused")
    except websockets.InvalidStatusCode as error:
        expect(error.status_code, 403)


@case("client: the server ends with 1001 to all and status 0")
async def server_ends(program):
    async with serving(program) as (host, process):
        async with websockets.connect(f"{WS}://{host}/echo", compression=None) as client:
            process.terminate()
            await client.wait_closed()
            expect(client.close_code, 1001)
        expect(await process.wait(), 0)


# ---- Our client, their server ----


async def connect_with(program, handler, arguments=(), data=b"", **options):
    """Runs `weft connect` against a server with this handler: its status, stdout and stderr."""
    options.setdefault("compression", None)
    failures = []

    async def guarded(peer, *_):
        try:
            await handler(peer)
        except AssertionError as failure:
            failures.append(failure)

    if SECURE:
        options.setdefault("ssl", server_context())
    async with websockets.serve(guarded, "127.0.0.1", 0, **options) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            program, "connect", *arguments, f"{WS}://127.0.0.1:{port}/", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        try:
            out, err = await process.communicate(data)
        finally:
            await end_process(process)
    if failures:
        raise failures[0]
    return process.returncode, out, err.decode()


async def echo_all(peer):
    async for message in peer:
        await peer.send(message)


@case("connect --echo: sends back what comes, as it came")
async def connect_echo(program):
    async def ask(peer):
        for _, payload in PAYLOADS:
            await peer.send(payload)
            expect(await peer.recv(), payload)
        await peer.send(iter(["one, ", "two"]))
        expect(await peer.recv(), "one, two")
        await (await peer.ping(b"alive?"))
        await peer.close(1000, "enough")
        expect((peer.close_code, peer.close_reason), (1000, "enough"))

    status, out, _ = await connect_with(program, ask, ["--echo"])
    expect((status, out), (0, b""))


@case("connect --echo: compression with all parameters")
async def connect_compression(program):
    async def ask(peer):
        expect([extension.name for extension in peer.extensions], ["permessage-deflate"])
        for payload in DEFLATED:
            await peer.send(payload)
            expect(await peer.recv(), payload)
        await peer.send(iter(DEFLATED[:6]))
        expect(await peer.recv(), "".join(DEFLATED[:6]))
        await peer.close()

    for parameters in DEFLATES:
        answer = [ServerPerMessageDeflateFactory(**parameters)]
        status, out, _ = await connect_with(program, ask, ["--echo"], extensions=answer)
        expect((status, out), (0, b""))


# Here websockets writes with the server's window.
def connect_windows(takeover):
    combinations = deflate.combinations(takeover, (None, *deflate.BITS), (None, 8, *deflate.BITS))

    @case(f"connect --echo: {len(combinations)} pairs of windows with {deflate.group_name(takeover)}")
    async def run_all(program):
        async def ask(peer):
            deflate.check_answer(peer.request_headers, peer.response_headers)
            await deflate.echo_all(peer)
            await peer.close()

        async def run(parameters):
            answer = [ServerPerMessageDeflateFactory(**parameters)]
            status, out, _ = await connect_with(program, ask, ["--echo"], extensions=answer)
            expect((status, out), (0, b""))

        await deflate.in_batches(combinations, run)


if not SECURE:
    for asked in deflate.TAKEOVERS:
        connect_windows(asked)


@case("connect: the lines of the input come back as lines")
async def connect_lines(program):
    lines = "".join(f"line {number} 👋\n" for number in range(500)).encode()
    status, out, err = await connect_with(program, echo_all, data=lines)
    expect((status, out, err), (0, lines, ""))


@case("connect: 1 MiB of binary input comes back")
async def connect_binary(program):
    data = bytes(range(256)) * 4096
    status, out, err = await connect_with(program, echo_all, ["--binary"], data)
    expect((status, err), (0, ""))
    expect(out, data)


@case("connect: the subprotocol that the server chooses")
async def connect_subprotocol(program):
    async def check(peer):
        expect(peer.subprotocol, "json")

    status, _, _ = await connect_with(
        program, check, ["--protocol", "other", "--protocol", "json"], subprotocols=["json"])
    expect(status, 0)


@case("connect: the server's code and reason are told")
async def connect_told(program):
    async def close(peer):
        await peer.close(4002, "no more thread")

    status, _, err = await connect_with(program, close, ["--echo"])
    expect(status, 0)
    expect("4002 no more thread" in err, True)


@case("connect: a refused handshake is a failure that tells the status")
async def connect_refused(program):
    async def refuse(_path, _headers):
        return http.HTTPStatus.UNAUTHORIZED, [], b"who are you?\n"

    status, _, err = await connect_with(program, echo_all, process_request=refuse)
    expect(status, 1)
    expect("401" in err, True)


async def main(program):
    failures = 0
    for name, run in CASES:
        try:
            await asyncio.wait_for(run(program), CASE_SECONDS_MAX)
            print(f"ok    {name}", flush=True)
        except Exception as error:  # Whatever it is, the other cases still run.
            failures += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
    print(f"{len(CASES) - failures} of {len(CASES)} cases passed")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: run.py <weft-program>", file=sys.stderr)
        sys.exit(2)
    sys.exit(asyncio.run(main(sys.argv[1])))
