"""Who is trusted, in both directions: python3-websockets against weft. For CTest, without a further step:

    WEFT_CERTS=<folder> /usr/bin/python3 run_tls.py <weft-program>

Every side names the authority that it trusts by itself. One line per case on stdout; status 0 only if all passed.
"""

import asyncio
import ssl
import sys

import websockets

import run

run.SECURE, run.WS = False, "wss"  # What speaks TLS says so here.
CASES = []


def case(name):
    def add(function):
        CASES.append((name, function))
        return function

    return add


def client_context(trust="ca", shown=None, version=None):
    context = ssl.create_default_context(cafile=run.pair(trust)[0])
    if shown:
        context.load_cert_chain(*run.pair(shown))
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def serving(program, *options, name="server"):
    certificate, key = run.pair(name)
    return run.serving(program, "--tls-cert", certificate, "--tls-key", key, *options)


async def knock(host, **options):
    """An echo, or what went wrong."""
    async with websockets.connect(f"wss://{host}/echo", ssl=client_context(**options)) as client:
        await client.send("knock")
        run.expect(await client.recv(), "knock")
        return client.transport.get_extra_info("ssl_object").version()


async def refusal(host, **options):
    try:
        await knock(host, **options)
    except (ssl.SSLError, websockets.ConnectionClosed, OSError, EOFError, websockets.InvalidMessage) as error:
        return str(error.__cause__ or error)
    raise AssertionError("nobody was refused")


VERSIONS = [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")]


def contains(text, part):
    if part not in text:
        raise AssertionError(f"no {part!r} in {text!r}")


@case("client: the authority is trusted, the name and the address are in the certificate")
async def trusted(program):
    async with serving(program) as (host, _):
        for version, name in VERSIONS:
            run.expect(await knock(host, version=version), name)
        run.expect(await knock(host.replace("127.0.0.1", "localhost")), "TLSv1.3")


@case("client: refuses another authority, and another name")
async def untrusted(program):
    async with serving(program) as (host, _):
        contains(await refusal(host, trust="other-ca"), "CERTIFICATE_VERIFY_FAILED")
    async with serving(program, name="wrong-host") as (host, _):
        contains(await refusal(host.replace("127.0.0.1", "localhost")), "Hostname mismatch")
        contains(await refusal(host), "IP address mismatch")


@case("client: shows its certificate")
async def shown(program):
    async with serving(program, "--tls-ca", run.pair("ca")[0]) as (host, _):
        for version, name in VERSIONS:
            run.expect(await knock(host, shown="client", version=version), name)
            await refusal(host, version=version)
            await refusal(host, shown="stranger", version=version)


def connect(program, context, handler, *arguments):
    trust = ["--ca", run.pair("ca")[0]]
    return run.connect_with(program, handler, [*trust, *arguments], b"knock\n", ssl=context)


@case("connect: refuses, and says why")
async def connect_refuses(program):
    for name, reason in (("expired", "the certificate has expired"), ("future", "not valid yet"),
                         ("stranger", "unknown issuer"), ("self", "self-signed"),
                         ("wrong-host", "is not for 127.0.0.1")):
        status, _, err = await connect(program, run.server_context(name), run.echo_all)
        run.expect(status, 1)
        contains(err, reason)


@case("connect: shows its certificate")
async def connect_shows(program):
    async def who(peer):
        subject = peer.transport.get_extra_info("peercert")["subject"]
        run.expect(subject, ((("commonName", "client"),),))
        await run.echo_all(peer)

    certificate, key = run.pair("client")
    for version, _ in VERSIONS:
        context = run.server_context()
        context.minimum_version = context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(run.pair("ca")[0])
        status, out, err = await connect(program, context, who, "--cert", certificate, "--key", key)
        run.expect((status, out, err), (0, b"knock\n", ""))
        # asyncio gives up without sending the alert that OpenSSL has made.
        status, _, _ = await connect(program, context, who)
        run.expect(status, 1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: run_tls.py <weft-program>", file=sys.stderr)
        sys.exit(2)
    run.CASES[:] = CASES
    sys.exit(asyncio.run(run.main(sys.argv[1])))
