"""Addresses of sources: `from` and `backfill` in stations.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

USGS_URL = "https://geomag.usgs.gov/ws/data/"
GIN_URL = "https://imag-data.bgs.ac.uk/GIN_V1/GINServices"
SERVICES = {"usgs": USGS_URL, "gin": GIN_URL}
TERMS = {"usgs": "U.S. public domain", "gin": "CC BY-NC 4.0"}
OPTIONS = {
    "usgs": {"elements", "type", "format"},
    "gin": {"orientation", "state", "format"},
}
PAYLOADS = ("", "martas")
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
SEEDLINK_PORT = 18000
_SEED_PATH = re.compile(
    r"([A-Z0-9]{1,2})/([A-Z0-9]{1,5})/([A-Z0-9?]{2})/([A-Z0-9?]{3}(?:,[A-Z0-9?]{3})*)"
)
_LIKE = (
    "mqtts://user@host/topic/of/+, martas+mqtts://user@host/station/sensor/+, "
    "seedlink://host/network/station/location/channels, usgs, gin, "
    "usgs+https://host/path?option=value or folder:/path/to/files"
)


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """A source as the file names it.

    Attributes
    ----------
    text
        As written.
    kind
        `mqtt`, `seedlink`, `usgs`, `gin` or `folder`.
    host, port, tls, user
        Of an MQTT broker; host and port of a SeedLink server.
    path
        Topic filter of MQTT, channels of SeedLink, folder, or address of a web service without its
        options.
    payload
        Format of the messages of MQTT: `impf` or `martas`.
    options
        Of a web service.
    """

    text: str
    kind: str
    path: str
    host: str = ""
    port: int = 0
    tls: bool = False
    user: str = ""
    payload: str = "impf"
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def terms(self) -> str:
        """Terms of use of a web service; empty for what a station sends itself."""
        return TERMS.get(self.kind, "")

    @property
    def can_fill(self) -> bool:
        """Whether it can be asked for a span of time."""
        return self.kind in SERVICES


@dataclass(frozen=True, slots=True)
class SeedChannels:
    """Channels of a station in the words of SEED; ? stands for any character of the last two."""

    network: str
    station: str
    location: str
    patterns: tuple[str, ...]


def seed_channels(address: SourceAddress) -> SeedChannels:
    """The channels that a SeedLink address names.

    Raises
    ------
    ValueError
        If it names none.
    """
    match = _SEED_PATH.fullmatch(address.path)
    if match is None:
        raise ValueError(
            f"{address.text!r} does not name network, station, location and channels: "
            "seedlink://host/C2/OTT/R0/UF?"
        )
    network, station, location, patterns = match.groups()
    return SeedChannels(network, station, location, tuple(patterns.split(",")))


def parse_address(text: str) -> SourceAddress:
    """The address that a text means.

    Raises
    ------
    ValueError
        If it is none; the message says why.
    """
    if text.startswith("folder:"):
        folder = text.removeprefix("folder:")
        if not folder:
            raise ValueError("`folder:` names no folder")
        return SourceAddress(text, "folder", str(Path(folder)))
    is_seedlink = text.startswith("seedlink://")
    try:
        # ? begins no query here
        parts = urlsplit(text.replace("?", "%3F") if is_seedlink else text)
        host, port, password = parts.hostname or "", parts.port, parts.password
    except ValueError as error:
        raise ValueError(f"{text!r} is no address: {error}") from None
    if password is not None:
        raise ValueError(
            f"a password stands in the address of {host}: passwords come from "
            "MAGWATCH_INGEST_PASSWORDS alone"
        )
    if is_seedlink:
        return _seedlink(text, host, port, unquote(parts.path))
    payload, _, protocol = parts.scheme.rpartition("+")
    if protocol in MQTT_PORTS and payload in PAYLOADS:
        found = _mqtt(text, protocol, (host, port), unquote(parts.username or ""), parts.path)
        return _martas(found) if payload else found
    kind, _, scheme = (parts.scheme or parts.path).partition("+")
    if kind not in SERVICES or scheme not in ("", "http", "https") or (host and not scheme):
        raise ValueError(f"{text!r} is no address of a source: write {_LIKE}")
    return _service(text, kind, text.removeprefix(f"{kind}+") if host else "", parts.query)


def _mqtt(
    text: str, scheme: str, server: tuple[str, int | None], user: str, path: str
) -> SourceAddress:
    host, port = server
    topics = unquote(path.removeprefix("/"))
    if not host or not topics:
        raise ValueError(f"{text!r} lacks a host or topics: mqtts://user@host/impf/wic/pt1s/1/+")
    if "#" in text.partition("://")[2]:
        raise ValueError(f"{text!r}: write + for each level of the topic, # is no part of it")
    return SourceAddress(
        text, "mqtt", topics, host, port or MQTT_PORTS[scheme], scheme == "mqtts", user
    )


def _seedlink(text: str, host: str, port: int | None, path: str) -> SourceAddress:
    address = SourceAddress(text, "seedlink", path.removeprefix("/"), host, port or SEEDLINK_PORT)
    if not host:
        raise ValueError(f"{text!r} lacks a host: seedlink://host/C2/OTT/R0/UF?")
    seed_channels(address)
    return address


def _martas(address: SourceAddress) -> SourceAddress:
    levels = address.path.split("/")
    if len(levels) != 3 or levels[1] in ("", "+") or levels[2] != "+":
        raise ValueError(
            f"{address.text!r} names no sensor: martas+mqtts://user@host/wic/LEMI036_1_0002/+"
        )
    return replace(address, payload="martas")


def _service(text: str, kind: str, url: str, query: str) -> SourceAddress:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in OPTIONS[kind]:
            known = ", ".join(sorted(OPTIONS[kind]))
            raise ValueError(f"{text!r}: {kind} has no option {name!r}; known are {known}")
    base = url.partition("?")[0] or SERVICES[kind]
    return SourceAddress(text, kind, base, options=options)
