"""The table of profiles shows what has become of a profile that lives on."""

from dataclasses import replace

import msgspec

from geofield.calibration.living.life import begun
from geofield.calibration.living.rules import LivingRules, LivingSetting
from geofield.step import StationState
from monitor.profiles.table import Answers, table
from monitor.profiles.usage import StationUse, WorkerUse, station_use
from tests.geofield.builders import SPEC, START_MS, profile
from tests.geofield.learning import ALERT

SETTING = LivingSetting(LivingRules(10**9), SPEC, ALERT)
MADE = replace(profile("WIC", 1.5), peaks=(0.6, 0.7), alert_peaks=(0.6, 0.7))


def rows(use: StationUse) -> list[list[str]]:
    answers = Answers({"http://a": WorkerUse("profiles", {"WIC": use}, {})})
    shown = table({"WIC": (MADE,)}, {}, answers)
    return [list(map(str, row)) for row in zip(*(one.cells for one in shown.columns), strict=True)]


def use(state: StationState | None, lives: bool = True) -> StationUse:
    found = station_use((MADE,), state, SPEC, lives=lives)
    return msgspec.json.decode(msgspec.json.encode(found), type=StationUse)


def test_a_refitted_profile_has_a_row_of_its_own_beside_its_file() -> None:
    life = begun(MADE, "WIC", START_MS, SETTING)
    assert len(rows(use(None))) == len(rows(use(StationState(life=life)))) == 1
    grown = replace(life.profile, threshold=1.62, effective_ms=START_MS)
    state = StationState(life=replace(life, profile=grown))
    file, living = rows(use(state))
    assert (file[0], file[1], file[6]) == ("WIC", "file", "1.5")
    assert (living[0], living[1], living[6]) == ("WIC", "lives on", "1.62")
    assert len(rows(use(state, lives=False))) == 1
