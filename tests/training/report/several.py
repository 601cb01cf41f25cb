"""An evaluation with made-up figures of several stations."""

from msgspec.structs import replace

from tests.training.report.builders import SNR, STRENGTH, full, injections
from training.results import (
    CONTROL,
    NEGATIVE,
    ActivityMeans,
    Drift,
    Evaluation,
    FalseAlarms,
    Injections,
    ManMade,
)


def several() -> Evaluation:
    """The own test days, two stations elsewhere, days after a calibration, and pulses."""
    own = injections("HON")
    own = replace(own, days=["2024-03-13", "2024-03-14"])  # the test days of the manifest
    return replace(
        full(),
        injections=[own, elsewhere("BSL", 3), elsewhere("NEW", 9)],
        drift=[drift("BSL", 2), drift("NEW", 0)],
        man_made=[pulses("lightning", 5, 4, None), pulses("storm", 0, 0, 2)],
    )


def elsewhere(station: str, living: int) -> Injections:
    """Another station, with living profiles, and quiet and disturbed windows apart."""
    known = injections(station)
    curves = [
        replace(
            curve,
            half=[
                replace(half, living_threshold=1.0, living_snr=half.snr and 1.25 * half.snr)
                for half in curve.half
            ],
        )
        for curve in known.sensitivity
    ]
    return replace(
        known,
        days=["2014-04-08"],
        sensitivity=curves,
        false_alarms=[
            replace(row, asked_per_month=1.0 if row.expected < 10 else 30.4375, living=living)
            for row in known.false_alarms
        ],
        by_activity=[
            ActivityMeans(
                method=method,
                activity=activity,
                windows=300,
                snr=SNR,
                auc=[0.5 + 0.1 * strength * (1 if activity == "quiet" else 0.5)] * 3,
                found=[0.25 * strength] * 3,
                left_over=0.31 if method in (NEGATIVE, CONTROL) else None,
                worse=0.01 if method in (NEGATIVE, CONTROL) else None,
            )
            for activity in ("quiet", "disturbed")
            for method, strength in STRENGTH.items()
        ],
    )


def drift(station: str, living: int) -> Drift:
    """Calibrated on a day, judged on the next."""
    alarms = [
        FalseAlarms(
            method=NEGATIVE,
            station=station,
            asked_per_month=30.4375,
            quiet_days=0.98,
            expected=0.98,
            counted=4,
            low=0,
            high=3,
            living=living,
        )
    ]
    return Drift(
        station=station,
        calibration_days=["2014-04-07"],
        days=["2014-04-08"],
        group="two stations",
        after_days=(0.0, 1.0),
        alarms=alarms,
    )


def pulses(name: str, marked: int, found: int, wrong: int | None) -> ManMade:
    """A record searched for man-made pulses."""
    return ManMade(
        record=name,
        days=1.0,
        windows=1341,
        fast=100,
        called=found,
        marked=marked,
        found=found,
        other_episodes=0,
        wrong=wrong,
    )
