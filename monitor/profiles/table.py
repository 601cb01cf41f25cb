"""Table for `magwatch profiles`: profiles from files and the topic, and their use by workers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
import msgspec
from rich.table import Table

from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Versions
from geofield.utc import utc
from monitor.http.client import reason, session
from monitor.profiles.usage import StationUse, VersionUse, WorkerUse, version_use
from support.table import plain_table

ANSWER_S = 5.0
NO_USE = StationUse(None, [])


@dataclass(slots=True)
class Answers:
    """Answers of workers, by their addresses."""

    uses: dict[str, WorkerUse] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)  # reasons why there is no answer

    def of(self, station: str) -> StationUse | None:
        """Profiles of a station by the worker that has it; None if no worker answered."""
        uses = [use.stations[station] for use in self.uses.values() if station in use.stations]
        newest = max(uses, key=lambda use: use.decided_ms or 0, default=NO_USE)
        return newest if self.uses else None


async def ask(urls: Iterable[str]) -> Answers:
    """Ask workers for the profiles in use, at the addresses of their metrics."""
    answers = Answers()
    async with session() as client, asyncio.TaskGroup() as asking:
        for url in urls:
            asking.create_task(_ask(client, url, answers))
    return answers


async def _ask(client: aiohttp.ClientSession, url: str, answers: Answers) -> None:
    limit = aiohttp.ClientTimeout(ANSWER_S)
    try:
        async with client.get(url.rstrip("/") + "/profiles", timeout=limit) as answer:
            answer.raise_for_status()
            answers.uses[url] = msgspec.json.decode(await answer.read(), type=WorkerUse)
    except aiohttp.ClientResponseError as error:
        answers.missing[url] = f"it answers {error.status} {error.message}"
    except msgspec.MsgspecError:
        answers.missing[url] = "its answer is not that of a worker"
    except TimeoutError:
        answers.missing[url] = f"no answer within {ANSWER_S:g} s"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        answers.missing[url] = reason(error)


def table(
    files: Mapping[str, Versions], fitted: Mapping[str, StationProfile], answers: Answers
) -> Table:
    """A table with a row for each version of each station."""
    shown = plain_table(
        ("station", "source", "holds after", "workers", "fitted to"),
        ("days", "threshold", "an alert in", "Kp", "model"),
    )
    uses = {name for worker in answers.uses.values() for name in worker.stations}
    for station in sorted({*files, *fitted, *uses}):
        use = answers.of(station)
        for row in _rows(station, files.get(station, ()), fitted.get(station), use):
            shown.add_row(*row)
    return shown


def in_force(use: StationUse) -> VersionUse | None:
    """The profile in force at a station's newest window; None without profile or window."""
    if use.decided_ms is None:
        return None
    holding = [version for version in use.versions if (version.effective_ms or 0) < use.decided_ms]
    return holding[-1] if holding else use.online


def _rows(
    station: str, versions: Versions, fitted: StationProfile | None, use: StationUse | None
) -> Iterator[Sequence[str]]:
    listed = [*versions, *([fitted] if fitted else [])]
    for profile in listed:
        source = "online" if profile is fitted else "file"
        yield _row(station, profile, source, _word(version_use(profile), use))
    known = {version_use(profile).digest for profile in listed}
    for version in use.versions if use else ():
        if version.digest not in known:
            word, threshold = _word(version, use), f"{version.threshold:.3g}"
            yield (station, "file, gone", _since(version), word, "", "", threshold)
    if use is not None and use.living is not None and use.living.digest not in known:
        threshold = f"{use.living.threshold:.3g}"
        yield (station, "lives on", _since(use.living), "in use", "", "", threshold)


def _word(version: VersionUse, use: StationUse | None) -> str:
    """The status of a version at the workers, in words."""
    if use is None:
        return "unknown"
    if version not in (*use.versions, use.online):
        return "not used"
    if use.decided_ms is None:
        return "no window yet"
    if version == in_force(use):
        return "in use"
    return "to come" if (version.effective_ms or 0) >= use.decided_ms else "replaced"


def _row(station: str, profile: StationProfile, source: str, word: str) -> Sequence[str]:
    return (
        station,
        source,
        _since(version_use(profile)),
        word,
        _minute(profile.calibrated_to_ms),
        f"{profile.quiet_days:.1f}",
        f"{profile.threshold:.3g}",
        f"{profile.asked_days:.3g} d",
        "known" if profile.kp_known else "not known",
        profile.model_sha256[:8],
    )


def _since(version: VersionUse) -> str:
    return "always" if version.effective_ms is None else _minute(version.effective_ms)


def _minute(time_ms: int) -> str:
    return utc(time_ms)[:16].replace("T", " ")
