"""HTTP answers as no server should give them, byte by byte."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat

from tests.abuse.raw_server import Piece

GOOD = b'[{"time_tag": "2024-05-10T00:00:00", "Kp": 3.0}]'
HERE = b"{path}"  # stands for the path that was asked for
MIB = 1024 * 1024


@dataclass(frozen=True)
class Horror:
    """A name for a failure's message, and an answer piece by piece.

    `harmless` ones have a good body, and headers that are strange but need not be understood.
    """

    name: str
    pieces: Callable[[], Iterable[Piece]]
    harmless: bool = False


def answer(
    body: bytes, *headers: tuple[bytes, bytes], status: bytes = b"200 OK", length: bool = True
) -> bytes:
    """The bytes of an answer, after which the connection is closed."""
    told = [*headers, (b"Connection", b"close")]
    if length:
        told.append((b"Content-Length", b"%d" % len(body)))
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in told)
    return b"HTTP/1.1 " + status + b"\r\n" + lines + b"\r\n" + body


def at_once(name: object, whole: bytes, *, harmless: bool = False) -> Horror:
    """A horror that comes in one piece."""
    return Horror(str(name)[:100], lambda: (whole,), harmless)


DATES = (
    b"Fri, 31 Dec 9999 23:59:59 GMT",
    b"Fri, 31 Dec 9999 23:59:59 -2359",
    b"Mon, 01 Jan 0001 00:00:00 +2359",
    b"Mon, 01 Jan 0001 00:00:00 GMT",
    b"Fri, 10 May 99999999999999999999 12:00:00 GMT",
    b"Fri, 10 May " + b"9" * 5000 + b" 12:00:00 GMT",
    b"Fri, 99999999999999999999 May 2024 12:00:00 GMT",
    b"Fri, 10 May 2024 99999999999999999999:00:00 GMT",
    b"Fri, 10 May 2024 12:00:00 +99999999999999999999",
    b"Fri, 10 May 2024 12:00:00 +9999",
    b"Fri, 10 May 2024 12:00:00 -9999",
    b"Fri, 10 May 2024 12:00:00 +--5",
    b"Fri, 10 May 2024 12:00:60 GMT",
    b"Fri, 10 May 2024 24:00:00 GMT",
    b"Fri, 30 Feb 2024 12:00:00 GMT",
    b"Fri, 10 Mayo 2024 12:00:00 GMT",
    b"Fri, 10 May 2024",
    b"Fri, 10 May 0 12:00:00 GMT",
    b"Fri, 10 May -5 12:00:00 GMT",
    b"Friday, 10-May-24 12:00:00 GMT",
    b"Fri May 10 12:00:00 2024",
    b"2024-05-10T12:00:00Z",
    b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"Sun, 01 Jan 1500 00:00:00 GMT",
    "Fri, \u0661\u0660 May \u0662\u0660\u0662\u0664 12:00:00 GMT".encode(),
    b", , , ,",
    b"Fri,",
    b": : :",
    b"- - -",
    b",:" * 4000,
)
NUMBERS = (
    *(b"0", b"-1", b"-0", b"+5", b"1.5", b"1e9", b"0x10", b"007", b"120", b"3600", b"999999999"),
    *(b"99999999999999999999", b"9" * 400, b"9" * 5000, b"nan", b"inf", b"-inf", b"1, 2", b"5 5"),
    *(b"1_000", "\u0663".encode(), "²".encode()),
)
TEXTS = (
    *(b"", b" ", b"null", b"soon", b"\xff\xfe", b"\xc3\x28", b"\x1b[2J\x1b[31m", b"a\tb", b"\x7f"),
    *("\u202eabc".encode(), b"'; DROP TABLE indices; --", b"%s%n{0}{}", b"x" * 8000, b"x" * 60_000),
)
UNREADABLE = (b"\x00", b"a\x00b", b"a\r\nb", b"x" * 70_000)  # the HTTP parser refuses these
# Which a client may ignore or read as it can, and those that say how the body is to be read
CASUAL = (b"Date", b"Retry-After", b"Age", b"ETag", b"Last-Modified", b"Content-Type")
CASUAL += (b"Set-Cookie", b"Location", b"Upgrade", b"Server")
FRAMING = (b"Content-Encoding", b"Transfer-Encoding", b"Content-Length", b"X-\xff", b"X Y", b"")


def headers(
    status: bytes = b"200 OK", names: tuple[bytes, ...] = (*CASUAL, *FRAMING)
) -> Iterator[Horror]:
    """Every header with every value, before a good body."""
    values = (*DATES, *NUMBERS, *TEXTS)
    for name in names:
        harmless = name in CASUAL
        for value in (*values, *UNREADABLE):
            whole = answer(GOOD, (name, value), status=status, length=harmless)
            readable = harmless and value in values
            yield at_once((status, name, value), whole, harmless=readable)


def statuses() -> Iterator[Horror]:
    """Beginnings of an answer that are none of HTTP, or a strange status."""
    rest = b"\r\nContent-Length: 0\r\n\r\n"
    numbers = (b"000", b"099", b"101", b"204", b"206", b"299", b"304", b"418", b"600", b"999")
    lines = [b"HTTP/1.1 " + number + b" X" for number in numbers]
    lines += [b"HTTP/1.1 " + odd for odd in (b"", b"-1 X", b"20 X", b"2000 X", b"9" * 400, b"abc")]
    lines += [b"HTTP/9.9 200 OK", b"HTTP/1 200 OK", b"http/1.1 200 OK", b"ICY 200 OK", b"200 OK"]
    lines += [b"HTTP/1.1 503 " + odd for odd in (*TEXTS, *UNREADABLE, b"\x1b]0;x\x07", b"<b>&amp;")]
    lines += [b"", b"\r\n" * 10, b"SSH-2.0-OpenSSH_9.2", b"\x15\x03\x03\x00\x02\x02\x28"]
    lines += [b"PRI * HTTP/2.0", b"<!doctype html><title>Welcome</title>", b"\x00" * 1000]
    return (at_once(("status line", line), line + rest) for line in lines)


def redirects() -> Iterator[Horror]:
    """To itself, to others, to what is no address."""
    places = (
        HERE,
        b"?" + b"x" * 8000,
        b"",
        b"/",
        b"//",
        b"///",
        b"http://",
        b"https://[::1",
        b"\\",
    )
    places += (b"http://localhost:1/", b"https://127.0.0.1:1/", b"http://127.0.0.1:99999/")
    places += (b"http://a..b/", b"http://" + b"a" * 300 + b".invalid/", b"file:///etc/passwd")
    places += (b"javascript:alert(1)", b"http://user:secret@localhost:1/", b"http://127.0.0.1:0/")
    places += (
        b"gopher://127.0.0.1/",
        "http://ö\u202e.invalid/".encode(),
        b"\xff\xfe",
        b"http://%00/",
    )
    for status in (b"301 A", b"303 B", b"307 C", b"308 D", b"300 E"):
        for place in places:
            yield at_once((status, place), answer(b"", (b"Location", place), status=status))


def transports() -> Iterator[Horror]:
    """Connections that are cut, reset, or never come to an end; bodies packed strangely."""
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
    long, chunked = (
        head + b"Content-Length: 4096\r\n\r\n",
        head + b"Transfer-Encoding: chunked\r\n\r\n",
    )
    hold = 30.0
    slow: dict[str, Callable[[], Iterable[Piece]]] = {
        "silence": lambda: (hold,),
        "closed": lambda: (),
        "reset": lambda: (None,),
        "half a head": lambda: (head,),
        "half a head, then silence": lambda: (head, hold),
        "half a head, then reset": lambda: (head, None),
        "half a body": lambda: (long + GOOD,),
        "half a body, then silence": lambda: (long + GOOD, hold),
        "half a body, then reset": lambda: (long + GOOD, 0.05, None),
        "half a chunk": lambda: (chunked + b"30\r\n" + GOOD[:20],),
        "half a chunk, then silence": lambda: (chunked + b"30\r\n" + GOOD[:20], hold),
        "head by the byte": lambda: _dripping(head, b"X: "),
        "body by the byte": lambda: _dripping(long, GOOD[:1]),
        "chunks by the byte": lambda: _dripping(chunked, b"1\r\n \r\n"),
        "endless head": lambda: _endless(head, b"X-Y: " + b"x" * 1000 + b"\r\n"),
        "endless line": lambda: _endless(head + b"X: ", b"x" * 10_000),
        "endless body": lambda: _endless(head + b"\r\n", b" " * 65536),
        "endless chunks": lambda: _endless(chunked, b"400\r\n" + b" " * 1024 + b"\r\n"),
        "endless chunk size": lambda: _endless(chunked, b"0" * 1024),
        "endless trailer": lambda: _endless(chunked + b"0\r\n", b"X-Y: z\r\n"),
        "endless continue": lambda: _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    }
    yield from (Horror(name, pieces) for name, pieces in slow.items())
    for size in (b"", b"-1", b"zz", b"FFFFFFFFFFFFFFFFFFFFF", b"zz;" + b"x" * 9000, b"3 0"):
        yield at_once(("chunk size", size), chunked + size + b"\r\n" + GOOD + b"\r\n0\r\n\r\n")
    yield from packed()


def packed() -> Iterator[Horror]:
    """Bodies under a `Content-Encoding` that is wrong, cut, or holds far more than it says."""
    zipped, bomb = gzip.compress(GOOD), gzip.compress(b" " * 64 * MIB) * 16
    bodies = {
        "bomb": (b"gzip", bomb),
        "bomb of deflate": (b"deflate", zlib.compress(b" " * 64 * MIB)),
        "bomb in a bomb": (b"gzip, gzip", gzip.compress(bomb)),
        "cut": (b"gzip", zipped[:30]),
        "wrong checksum": (b"gzip", zipped[:-8] + bytes(8)),
        "not packed": (b"gzip", GOOD),
        "empty": (b"gzip", b""),
        "not deflated": (b"deflate", b"\x00" * 100),
        **{
            f"as {name!r}": (name, zipped) for name in (b"br", b"zstd", b"gzip, br", b"rot13", b"*")
        },
    }
    for name, (encoding, body) in bodies.items():
        yield at_once(f"packed: {name}", answer(body, (b"Content-Encoding", encoding)))


def _dripping(begin: bytes, drop: bytes) -> Iterator[Piece]:
    yield begin
    for _ in range(1500):
        yield drop
        yield 0.02


def _endless(begin: bytes, more: bytes) -> Iterator[Piece]:
    yield begin
    yield from repeat(more)
