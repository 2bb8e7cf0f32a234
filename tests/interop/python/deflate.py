"""All parameters of permessage-deflate that websockets can ask for, and what RFC 7692 lets be answered."""

import asyncio
import itertools
import random

BITS = range(9, 16)
AT_ONCE = 16
TAKEOVERS = list(itertools.product((False, True), repeat=2))


def _messages():
    chance = random.Random(7692)
    kibibyte = "a thread, again " * 64
    noise = chance.randbytes(1024)
    # Each block twice: there are matches at the far end of each window and just behind it.
    blocks = ["".join(chance.choices("abcdefghijklmnop", k=size))
              for size in (150, 300, 700, 1500, 3000, 6000, 9000, 14350)]
    return ["weft, weft, weft", kibibyte, kibibyte, "", noise, noise, "".join(block * 2 for block in blocks),
            chance.randbytes(70000), b"", chance.randbytes(20)]


MESSAGES = _messages()


def combinations(takeover, server_bits, client_bits):
    """The keywords of a factory of websockets."""
    return [
        {"server_no_context_takeover": takeover[0], "client_no_context_takeover": takeover[1],
         "server_max_window_bits": server, "client_max_window_bits": client, "compress_settings": {"level": 1}}
        for server, client in itertools.product(server_bits, client_bits)]


def group_name(takeover):
    names = [f"{side}_no_context_takeover" for side, asked in zip(("server", "client"), takeover) if asked]
    return " and ".join(names) or "takeover"


async def in_batches(keyword_lists, run):
    """Runs all, some at a time, until one fails; the failure tells its combination."""
    waiting = list(keyword_lists)

    async def work():
        while waiting:
            keywords = waiting.pop()
            try:
                await run(keywords)
            except Exception as error:
                waiting.clear()
                raise AssertionError(f"with {keywords}: {type(error).__name__}: {error}") from error

    outcomes = await asyncio.gather(*(work() for _ in range(AT_ONCE)), return_exceptions=True)
    for failure in filter(None, outcomes):
        raise failure


async def echo_all(peer):
    for number, message in enumerate(MESSAGES):
        await peer.send(message)
        if await peer.recv() != message:
            raise AssertionError(f"message {number}, {len(message)} long, came back other than sent")


def params_of(header):
    """The parameters of the one extension of a header; None when there is none."""
    if header is None:
        return None
    name, *params = [part.strip() for part in header.split(";")]
    pairs = [param.partition("=") for param in params]
    if name != "permessage-deflate" or len({pair[0] for pair in pairs}) != len(pairs):
        raise AssertionError(f"{header!r} is not permessage-deflate with each parameter once")
    return {key: int(value) if equals else True for key, equals, value in pairs}


def _is_legal(key, value, offer, window_bits):
    if key in ("server_no_context_takeover", "client_no_context_takeover"):
        return value is True
    if value is True or key not in ("server_max_window_bits", "client_max_window_bits"):
        return False
    if key == "client_max_window_bits":
        most = 15 if offer.get(key) is True else offer.get(key, 0)
    else:
        most = min(offer.get(key, 15), window_bits)
    return 8 <= value <= most


def check_answer(headers, answer_headers, window_bits=15):
    """RFC 7692 7.1: the answer to an offer, of a server that uses windows up to window_bits."""
    offer_text = headers.get("Sec-WebSocket-Extensions")
    answer_text = answer_headers.get("Sec-WebSocket-Extensions")
    offer, answer = params_of(offer_text), params_of(answer_text)
    must = [key for key in ("server_no_context_takeover", "server_max_window_bits") if key in (offer or ())]
    if window_bits < 15:
        must.append("server_max_window_bits")
    # A window of 8 bits cannot be written by zlib; that offer is declined.
    if offer and answer is None and offer.get("server_max_window_bits") == 8:
        return
    if (offer is None or answer is None or not all(key in answer for key in must)
            or not all(_is_legal(key, value, offer, window_bits) for key, value in answer.items())):
        raise AssertionError(f"{offer_text!r} was answered with {answer_text!r}")
