"""JSON and MessagePack values in which one place holds what no reader expects."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from random import Random
from typing import Any

import msgspec

from tests.abuse import horrors
from tests.abuse.horrors import changed, junk, paths
from tests.fuzz import mutations

TIME = re.compile(r"\d{4}-\d\d-\d\dT")
TIMES = [*horrors.TIMES, *mutations.STARTS]
NUMBERS = [-0.0, -1, 0.5, 1e-320, 1e300, -1e300, 2**31, 2**63 - 1, -(2**63), 10**19, 10**400]
HORRORS: list[Any] = [
    *(one for one in horrors.VALUES if not isinstance(one, bytes)), *TIMES, *NUMBERS,
    *mutations.VALUES, *mutations.CADENCES,
]  # fmt: skip
DEPTHS = (500, 5_000, 100_000)


def spoilt_json(value: bytes, random: Random) -> bytes:
    """JSON with a horror in one of its places, or without it; or so deep that a stack may end."""
    match random.randrange(20):
        case 0:
            return value[:-1] + b',"x":' + random.choice((b"[", b'{"a":')) * random.choice(DEPTHS)
        case 1:
            return random.choice(junk())
    return _encoded(msgspec.json.encode, _spoilt(msgspec.json.decode(value), random))


def spoilt_msgpack(value: bytes, random: Random) -> bytes:
    """MessagePack with a horror in one of its places, or without it."""
    return _encoded(msgspec.msgpack.encode, _spoilt(msgspec.msgpack.decode(value), random))


def _spoilt(tree: Any, random: Random) -> Any:
    places = list(paths(tree))
    if not places:
        return random.choice(HORRORS)
    path, chance = random.choice(places), random.random()
    if chance < 0.15:
        return changed(tree, path, msgspec.UNSET)
    leaf = reduce(lambda part, name: part[name], path, tree)
    return changed(tree, path, random.choice(_near(leaf) if chance < 0.6 else HORRORS))


def _near(leaf: Any) -> list[Any]:
    """Horrors of a value's own kind: what is nearly right gets furthest."""
    if isinstance(leaf, str) and TIME.match(leaf):
        return TIMES
    return NUMBERS if isinstance(leaf, int | float) else HORRORS


def _encoded(encode: Callable[[Any], bytes], tree: Any) -> bytes:
    try:
        return encode(tree)
    except (OverflowError, ValueError):  # a number beyond the encoding's own
        return encode(str(tree)[:1000])
