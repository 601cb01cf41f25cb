"""Kinds of values in the records, with what readers may rely on. They go into the JSON Schemas."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

UtcTime: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z$",
        description="ISO 8601 in UTC, ending in Z; milliseconds only where there are any",
    ),
]
AnyTime: TypeAlias = Annotated[str, Meta(description="ISO 8601; without a zone it is UTC")]
StationCode: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Z][A-Z0-9]{2,3}$", description="IAGA code, upper case")
]
Sha256: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
AlertId: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{32}$",
        description="hash of station, model and first window: the same data give the same",
    ),
]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Scaled: TypeAlias = Annotated[
    float, Meta(ge=0, description="in units of the station's background, see its profile")
]
Days: TypeAlias = Annotated[
    float, Meta(ge=0, description="quiet data of the station reach this once in so many days")
]
Kp: TypeAlias = Annotated[float, Meta(ge=0, le=9)]
DstNt: TypeAlias = Annotated[float, Meta(description="nT")]
OtherIndices: TypeAlias = Annotated[
    dict[str, float],
    Meta(description="most disturbed value of each further index that is known, by its name"),
]
Count: TypeAlias = Annotated[int, Meta(ge=0)]
FaultName: TypeAlias = Literal[
    "constant", "step", "spike", "saturation", "repetition", "noise", "pulse"
]
Seen: TypeAlias = Annotated[
    str, Meta(max_length=80, description="in words, as in: pulse of 20 nT in 30 s")
]
