"""python3-websockets as an echo."""
import asyncio, sys, websockets


async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)


async def main():
    async with websockets.serve(echo, '127.0.0.1', int(sys.argv[1]), compression=None,
                                max_size=64 << 20, ping_interval=None):
        await asyncio.Future()


asyncio.run(main())
