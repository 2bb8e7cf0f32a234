"""What is measured: a cell is a kind of load, of one generator, on a server in one mode."""
import typing


class Cell(typing.NamedTuple):
    mode: str  # Of the server: plain, deflate, deflatectx or tls.
    words: tuple  # The generator and its arguments; PORT, PROTOCOL, PID and SECONDS are filled in.
    raw: str = None  # The server whose CPU time is the limit. Without one, ours is what others are compared with.
    publishes: bool = False


def echo(connections, in_flight, size, kind, mode='plain'):
    return Cell(mode, ('load', 'echo', 'PORT', 'PROTOCOL', 'PID', connections, in_flight, size, kind, 'SECONDS'),
                'raw_echo' if mode == 'plain' else None)


def openings(kind, at_a_time, mode='plain'):
    return Cell(mode, ('fan', kind, 'PORT', 'PID', at_a_time, 'SECONDS'), 'raw_fan' if mode == 'plain' else None)


def publish(subscribers, in_flight, size):
    return Cell('plain', ('fan', 'publish', 'PORT', 'PID', subscribers, in_flight, size, 'SECONDS'), 'raw_fan', True)


def packed(takeover, mode):
    return Cell(mode, ('packed', 'PORT', 'PID', takeover, 64, 1024, 'SECONDS'))


def idle(mode, connections):
    return Cell(mode, ('load', 'idle', 'PORT', 'PROTOCOL', 'PID', connections), 'raw_echo' if mode == 'plain' else None)


CELLS = {
    'b20': echo(64, 1, 20, 'binary'), 't20': echo(64, 1, 20, 'text'),
    'b1k': echo(64, 1, 1024, 'binary'), 't1k': echo(64, 1, 1024, 'text'),
    'b16k': echo(64, 1, 16384, 'binary'), 't16k': echo(64, 1, 16384, 'text'),
    'b1m': echo(64, 1, 1 << 20, 'binary'), 't1m': echo(64, 1, 1 << 20, 'text'),
    'c1000': echo(1000, 1, 20, 'binary'), 'pipe': echo(16, 100, 20, 'binary'),
    'conn': openings('connect', 64), 'bcast1': publish(1000, 1, 100), 'bcast8': publish(1000, 8, 100),
    'z_noctx': packed('alone', 'deflate'), 'z_ctx': packed('takeover', 'deflatectx'),
    'tls20': echo(64, 1, 20, 'binary', 'tls'), 'tls16k': echo(64, 1, 16384, 'binary', 'tls'),
    'tlsconn': openings('tls', 16, 'tls'), 'tlsresume': openings('resume', 16, 'tls'),
}
