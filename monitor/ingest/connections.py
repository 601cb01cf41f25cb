"""The sources of a file: stations of one account share a connection, as do those of a service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from archive.files import FileRefused
from monitor.ingest.addresses import SourceAddress
from monitor.ingest.folder import FolderSource
from monitor.ingest.gin import SAMPLES_PER_DAY, GinService
from monitor.ingest.passwords import password_of
from monitor.ingest.source import SampleSource, WebService
from monitor.ingest.stations import StationPlan
from monitor.ingest.usgs import UsgsService
from monitor.ingest.watch import SourceWatch
from monitor.ingest.web import PoliteHost, WebSource

if TYPE_CHECKING:
    from monitor.ingest.mqtt import MqttSource
    from monitor.ingest.seedlink import SeedLinkSource

Wanted = Callable[[StationPlan, str, int], int | None]


@dataclass(slots=True)
class Connections:
    """Makes the sources of some stations.

    Attributes
    ----------
    session
        Of the web services.
    passwords
        By ``user@host``.
    watch
        Told of failures.
    wanted_of
        Returns since when a source is to be asked, see `Intake.wanted_of`.
    room
        Returns when Kafka has all records.
    now_ms
        Clock.
    once
        Whether the sources end when they have caught up.
    """

    session: aiohttp.ClientSession
    passwords: dict[str, str]
    watch: SourceWatch
    wanted_of: Wanted
    room: Callable[[], Awaitable[object]]
    now_ms: Callable[[], int]
    once: bool
    _hosts: dict[str, PoliteHost] = field(default_factory=dict)

    def sources(self, plans: Sequence[StationPlan]) -> list[SampleSource]:
        """All sources, each once.

        Raises
        ------
        SettingsRefused
            If a password is missing.
        archive.files.FileRefused
            If the file asks for what a source does not have.
        support.extras.ExtraMissing
            If a source needs an extra that is not installed.
        """
        return [
            *self._brokers(plans),
            *self._seedlinks(plans),
            *self._services(plans),
            *self._folders(plans),
        ]

    def fillers(self, plans: Sequence[StationPlan]) -> dict[str, WebSource]:
        """What gaps are filled from, by station."""
        return {plan.station: self._web(plan.backfill, [plan]) for plan in plans if plan.backfill}

    def _brokers(self, plans: Sequence[StationPlan]) -> Iterable[MqttSource]:
        accounts: dict[str, tuple[SourceAddress, dict[str, StationPlan]]] = {}
        for plan, address in _of_kind(plans, "mqtt"):
            _, stations = accounts.setdefault(source_name(address), (address, {}))
            if stations.setdefault(address.path, plan) is not plan:
                other = stations[address.path].station
                raise FileRefused(
                    f"[{plan.station}] and [{other}] have the same topics {address.path}"
                )
        for address, stations in accounts.values():
            from monitor.ingest.mqtt import MqttSource  # noqa: PLC0415 - needs an extra

            password = password_of(address, self.passwords)
            yield MqttSource(
                source_name(address), address, stations, password, self.watch, once=self.once
            )

    def _seedlinks(self, plans: Sequence[StationPlan]) -> Iterable[SeedLinkSource]:
        for plan, address in _of_kind(plans, "seedlink"):
            from monitor.ingest.seedlink import SeedLinkSource  # noqa: PLC0415 - needs an extra

            yield SeedLinkSource(
                source_name(address),
                address,
                plan,
                self.watch,
                self._wanted_ms,
                self.room,
                self.once,
            )

    def _wanted_ms(self, plan: StationPlan, source: str) -> int | None:
        return self.wanted_of(plan, source, self.now_ms())

    def _services(self, plans: Sequence[StationPlan]) -> Iterable[WebSource]:
        asked: dict[tuple[str, int], tuple[SourceAddress, list[StationPlan]]] = {}
        for kind in ("usgs", "gin"):
            for plan, address in _of_kind(plans, kind):
                asked.setdefault((address.text, plan.cadence_ms), (address, []))[1].append(plan)
        return [self._web(address, stations) for address, stations in asked.values()]

    def _folders(self, plans: Sequence[StationPlan]) -> Iterable[FolderSource]:
        return [
            FolderSource([plan], Path(address.path), self.watch, self.room, self.once)
            for plan, address in _of_kind(plans, "folder")
        ]

    def _web(self, address: SourceAddress, plans: Sequence[StationPlan]) -> WebSource:
        host = URL(address.path).authority
        return WebSource(
            source_name(address),
            address.terms,
            service_of(address, plans[0].cadence_ms),
            self._hosts.setdefault(host, PoliteHost(self.session)),
            plans,
            self.watch,
            self._wanted_ms,
            self.now_ms,
            self.once,
        )


def service_of(address: SourceAddress, cadence_ms: int) -> WebService:
    """The web service of an address; raises `FileRefused` if it has no samples of the cadence."""
    if cadence_ms not in SAMPLES_PER_DAY:
        raise FileRefused(f"{address.kind} has samples of PT1S and PT1M alone")
    if address.kind == "usgs":
        return UsgsService(address.path, address.options, cadence_ms)
    return GinService(address.path, address.options, cadence_ms)


def source_name(address: SourceAddress) -> str:
    """Name of the source of an address, in the log and the metrics."""
    if address.kind == "mqtt":
        scheme, user = "mqtts" if address.tls else "mqtt", f"{address.user}@" * bool(address.user)
        return f"{scheme}://{user}{address.host}:{address.port}"
    if address.kind == "seedlink":
        return f"seedlink://{address.host}:{address.port}/{address.path}"
    if address.kind == "folder":
        return f"folder:{address.path}"
    return address.text


def _of_kind(
    plans: Iterable[StationPlan], kind: str
) -> Iterable[tuple[StationPlan, SourceAddress]]:
    return ((plan, address) for plan in plans for address in plan.sources if address.kind == kind)
