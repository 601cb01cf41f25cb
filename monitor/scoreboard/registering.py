"""What is registered, and what may be."""

from __future__ import annotations

from dataclasses import dataclass

from geofield.utc import time_ms, utc
from monitor.errors import Refused
from monitor.records.registrations import RegistrationRecord, decode_registration
from monitor.scoreboard.reading import PublishedRecord, read_topics
from monitor.settings import Settings

TOPIC = "scoreboard"


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration, when it was published, and whether the broker's clock says so."""

    record: RegistrationRecord
    published_ms: int
    by_broker: bool


def registered(settings: Settings) -> list[Registered]:
    """All registrations, in the order of their publication; of a repeated one the first.

    Raises
    ------
    Refused
        If the topic does not exist or no broker answers.
    """
    found: dict[str, Registered] = {}

    def take(_: str, published: PublishedRecord) -> None:
        record = decode_registration(published.value.encode())
        first = Registered(record, published.published_ms, published.by_broker)
        found.setdefault(record.sha256, first)

    read_topics(settings, [TOPIC], take)
    return sorted(found.values(), key=lambda one: (one.published_ms, one.record.sha256))


def check_new(settings: Settings, record: RegistrationRecord, now_ms: int) -> None:
    """Check that a protocol may be registered.

    Raises
    ------
    Refused
        If it is registered already, or starts in the past and is no rehearsal.
    """
    for known in registered(settings):
        if known.record.sha256 == record.sha256:
            raise Refused(f"registered since {utc(known.published_ms)}: {record.sha256[:12]}")
    start_ms = time_ms(record.protocol.start)
    if not record.protocol.rehearsal and start_ms <= now_ms:
        raise Refused(
            f"start {record.protocol.start} is not in the future: what is known already cannot be "
            "foretold. `rehearsal = true` scores the past, and its verdict counts for nothing"
        )


def chosen(found: list[Registered], wanted: str | None) -> Registered:
    """The registration with a name or the begin of a hash; without either the only one.

    Raises
    ------
    Refused
        If there is none, or several.
    """
    fitting = [
        one
        for one in found
        if wanted is None
        or one.record.protocol.name == wanted
        or one.record.sha256.startswith(wanted)
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not found:
        raise Refused("no protocol is registered: `magwatch scoreboard register scoreboard.toml`")
    names = ", ".join(f"{one.record.protocol.name} ({one.record.sha256[:12]})" for one in found)
    which = "several" if fitting else "none of that name"
    raise Refused(f"{which} registered: name one with --registration, of {names}")
