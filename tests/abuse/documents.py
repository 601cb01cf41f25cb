"""Bodies that no index service should send, as whole answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.abuse.answers import GOOD, MIB, Horror, answer, at_once

ATOMS = (
    *(b"null", b"true", b"false", b"0", b"-0", b"-1", b"9.5", b"0.5", b"1e308", b"1e999", b"NaN"),
    *(b"Infinity", b"-Infinity", b"9" * 25, b"9" * 400, b"-" + b"9" * 5000, b"1" + b"0" * 9000),
    *(b'""', b'" "', b'"NaN"', b'"nan"', b'"inf"', b'"1e999"', b'"1_0"', b'"0x3"', b'"3,0"'),
    *(
        '"\u0663"'.encode(),
        '"\uff13"'.encode(),
        b'"3"',
        b'" 3.0 "',
        b'"' + b"9" * 5000 + b'"',
        b'"\\u0000"',
    ),
    *(b'"\\ud800"', b'"\\ud83d\\ude00"', b"[]", b"{}", b"[[]]", b'["a"]', b'{"a":[]}', b"[3.0]"),
    *(
        b"[" * 300 + b"]" * 300,
        b"[" * 50_000 + b"]" * 50_000,
        b'"\xff"',
        b'"' + b"x" * 9000 + b'"',
    ),
    *(b'"0001-01-01T00:00:00"', b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T21:00:00"'),
    *(b'"9999-12-31T21:00:00-23:59"', b'"1931-12-31T21:00:00"', b'"2024-13-01T00:00:00"'),
    *(b'"2024-05-10T24:00:00"', b'"2024-05-10T00:00:00.000001"', b'"2024-05-10T00:00:00+99:99"'),
    *(
        '"\uff12\uff10\uff12\uff14-05-10T00:00:00"'.encode(),
        b'"2024-W19-5"',
        b'"20240510"',
        b"20240510",
        b"1715299200",
    ),
    *(b'"2024-05-10T00:00:00Z"', b'"2024-05-10T01:00:00"', b'"2024-05-10 00:00:00.000"'),
)


def documents() -> Iterator[Horror]:
    """Bodies in the shapes of the services with something else in each place, and other bodies."""
    shapes = (
        b'[{"time_tag": "2024-05-09T00:00:00", "Kp": 3.0, "dst": -5}, {"time_tag": @, "Kp": 1}]',
        b'[{"time_tag": "2024-05-10T00:00:00", "Kp": @, "dst": @}]',
        b'[{"Kp": 1, "Kp": @, "time_tag": @, "time_tag": "2024-05-10T00:00:00"}]',
        b'[["time_tag", "Kp", "dst"], ["2024-05-10 00:00:00", @, @], [@, "3", "3"], @]',
        b'[["time_tag", @], ["2024-05-10 00:00:00", "3"]]',
        b'[[@], ["b"]]',
        b"[@, @]",
        b"@",
        b'{"datetime": [@, "2024-05-10T00:00:00Z"], "Kp": [1, @], "status": @}',
        b'{"datetime": @, "Kp": @}',
        b'{"datetime": [[@]], "Kp": {"a": @}}',
    )
    for shape in shapes:
        for atom in ATOMS:
            yield at_once((shape, atom), answer(shape.replace(b"@", atom)))
    good, row = GOOD.decode(), json.loads(GOOD)[0]
    bodies = [
        b"",
        b"\x00" * 100,
        b"\xef\xbb\xbf" + GOOD,
        GOOD[:-1],
        GOOD * 2,
        GOOD + b",",
        b"[" * (MIB - 1),
    ]
    bodies += [good.encode(encoding) for encoding in ("utf-16", "utf-32", "utf-7", "cp500")]
    bodies += [
        b"<html>" + GOOD,
        b'[[["a"]],["b"]]',
        b'{"a":' * 100_000,
        b"[0" + b",0" * 500_000 + b"]",
    ]
    bodies += [
        json.dumps([row] * 15_000).encode(),
        b"[[]" + b",[]" * 300_000 + b"]",
        b" " * 2 * MIB,
    ]
    yield from (at_once(("body", body[:60]), answer(body)) for body in bodies)
