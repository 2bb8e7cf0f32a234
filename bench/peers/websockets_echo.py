"""python3-websockets as an echo.   usage: websockets_echo.py PORT MODE"""
import asyncio, os, ssl, sys, websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

port, mode = int(sys.argv[1]), sys.argv[2]
extensions = {'deflate': [ServerPerMessageDeflateFactory(True, True)], 'deflatectx': [ServerPerMessageDeflateFactory()]}


async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)


def identity():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ['TLS_CERT'], os.environ['TLS_KEY'])
    return context


async def main():
    async with websockets.serve(echo, '127.0.0.1', port, compression=None, extensions=extensions.get(mode),
                                ssl=identity() if mode == 'tls' else None, max_size=64 << 20, ping_interval=None):
        await asyncio.Future()


asyncio.run(main())
