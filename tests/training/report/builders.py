"""Evaluations with made-up figures: one that has everything, one that has next to nothing."""

import numpy as np
from msgspec.structs import replace

from geofield.scoring.manifest import SCHEMA_VERSION, Manifest, ModelWindow, Provenance
from training.results import (
    CLASSIFIER,
    CONTROL,
    KP_ONLY,
    NEGATIVE,
    Ablation,
    Cell,
    Criterion,
    Evaluation,
    FalseAlarms,
    HalfFound,
    Injections,
    Labelled,
    LabelStep,
    LeftOver,
    OnLabels,
    Sensitivity,
    Verdict,
)

STRENGTH = {
    NEGATIVE: 1.0,
    CONTROL: 0.55,
    CLASSIFIER: 0.8,
    "polarization ratio": 0.1,
    "peak amplitude": 0.45,
    "window RMS": 0.35,
}
TRAINED, UNSEEN = ["damped-oscillation", "noise-burst"], ["chirp"]
SNR = [2.0, 4.0, 8.0]


def manifest(name: str = "ulf-1hz", **recipe: str) -> Manifest:
    """What would stand beside the model."""
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=name,
        version="1.1.0",
        sha256="ab" * 32,
        window=ModelWindow(1000, 256, 64, 385, 2, 0.005, 0.1),
        components=("H", "E", "Z"),
        reference_scale_nt=(0.0434, 0.0338, 0.0306),
        skill="no skill shown",
        provenance=Provenance(
            station="HON",
            source="Made-up observatory.",
            licence="None needed.",
            files_sha256={"made-up.parquet": "cd" * 32},
            train_days=("2024-03-07", "2024-03-09"),
            validation_days=("2024-03-08", "2024-03-12"),
            test_days=("2024-03-13", "2024-03-14"),
            non_seismic="real windows over which Kp is at most 3",
            seismic="synthetic: the same windows with transients added",
        ),
        recipe={"file": "ulf-1hz.toml", "sha256": "ef" * 32, "seed": "1"} | recipe,
    )


def minimal(words: str = "no skill shown: nothing was judged") -> Evaluation:
    """A verdict and nothing else."""
    verdict = Verdict(shown=False, words=words)
    return Evaluation(model="ulf-1hz", version="1.1.0", sha256="ab" * 32, verdict=verdict)


def full(trained: list[str] = TRAINED, unseen: list[str] = UNSEEN) -> Evaluation:
    """Two kinds of judgement, all tables."""
    real = labelled()
    return Evaluation(
        model="ulf-1hz",
        version="1.1.0",
        sha256="ab" * 32,
        verdict=real.verdict,
        injections=[injections("HON", trained, unseen)],
        labelled=[real],
        ablation=ablation(),
        facts={"windows trained on": 34806, "windows of validation": 2682},
    )


def injections(
    station: str = "HON", trained: list[str] = TRAINED, unseen: list[str] = UNSEEN
) -> Injections:
    """Six methods on the families asked for."""
    families = [*trained, *unseen]
    return Injections(
        station=station,
        days=["2024-03-13", "2024-03-14", "2024-03-15", "2024-03-16"],
        trained=trained,
        unseen=unseen,
        windows=5364,
        windows_apart=537,
        cells=[
            cell(method, family, snr, 1.0 - 0.09 * number)
            for number, family in enumerate(families)
            for snr in SNR
            for method in STRENGTH
        ]
        + [
            replace(cell(method, family, 4.0, 0.8), polarization=polarization)
            for polarization in ("horizontal", "vertical")
            for family in trained
            for method in STRENGTH
        ],
        sensitivity=[
            sensitivity(method, duration_s)
            for method in (NEGATIVE, CONTROL, "window RMS")
            for duration_s in (60.0, 180.0, 600.0, 1800.0)
        ],
        false_alarms=[
            FalseAlarms(
                method=method,
                station=station,
                asked_per_month=asked,
                quiet_days=41.0,
                expected=expected,
                counted=counted,
                low=low,
                high=high,
            )
            for asked, expected, low, high, counts in (
                (30.4375, 41.0, 29, 54, (44, 38, 71)),
                (4.348, 5.857, 2, 11, (5, 7, 10)),
            )
            for method, counted in zip((NEGATIVE, CONTROL, "window RMS"), counts, strict=True)
        ],
        false_alarms_per_month=1.0,
        quantiles=[0.29, 0.71, 1.63],
        left_over=[
            LeftOver(method=NEGATIVE, median=0.42, worse=0.02),
            LeftOver(method=CONTROL, median=0.45, worse=0.0),
        ],
    )


def cell(method: str, family: str, snr: float, ease: float) -> Cell:
    """Better with the method's strength, the signal/noise and the family's ease."""
    level = STRENGTH[method] * ease * snr
    auc = float(1.0 - 0.5 * np.exp(-0.42 * level))
    found = float(np.clip((level / 6) ** 2, 0.01, 0.995))
    spread = 0.02 if method in (NEGATIVE, CONTROL) else 0.0
    return Cell(
        method=method,
        family=family,
        snr=snr,
        auc=auc,
        found=found,
        auc_low=auc - spread,
        auc_high=min(auc + spread / 4, 1.0),
        found_low=found,
        found_high=found,
        p_value=float(10.0 ** (-60 * level)),
        p_value_apart=float(10.0 ** (-2.5 * level)),
    )


def sensitivity(method: str, duration_s: float) -> Sensitivity:
    """A curve that longer transients climb sooner."""
    snr = [2.0, 4.0, 8.0, 16.0, 32.0]
    half = 60.0 / (STRENGTH[method] * duration_s**0.35)
    found = [float(1.0 / (1.0 + (half / one) ** 3)) for one in snr]
    delay = [
        None if share < 0.05 else 320.0 + 4000.0 / one
        for one, share in zip(snr, found, strict=True)
    ]
    return Sensitivity(
        method=method,
        duration_s=duration_s,
        packets=int(4000 / (60 + duration_s / 10)),
        snr=snr,
        found=found,
        delay_s=delay,
        half=[half_found(1.0, half), half_found(4.348, 0.8 * half)],
    )


def half_found(asked_per_month: float, snr: float) -> HalfFound:
    """What is found at 32 times the background at least, with its interval."""
    reached = [one if one < 32.0 else None for one in (snr, 0.8 * snr, 1.3 * snr)]
    return HalfFound(
        asked_per_month=asked_per_month,
        packets=40,
        snr=reached[0],
        interval=(reached[1], reached[2]),
    )


def labelled(shown: bool = False) -> Labelled:
    """Twenty earthquakes, and nothing in them."""
    share = np.linspace(0, 1, 201)
    criteria = [
        Criterion(rule="p by earthquake below 0.01", measured="0.27", met=False),
        Criterion(rule="95 % interval of the AUC above 0.5", measured="0.462-0.571", met=False),
        Criterion(rule="AUC above its placebo", measured="0.517 and 0.522", met=False),
        Criterion(rule="AUC above Kp alone", measured="0.517 and 0.508", met=True),
    ]
    words = "skill shown" if shown else "no skill shown on real earthquakes: 1 of 4 rules met"
    methods = [NEGATIVE, CONTROL, CLASSIFIER, "polarization ratio", "window RMS", KP_ONLY]
    return Labelled(
        station="TEO",
        begin_utc="2002-01-01",
        end_utc="2016-12-31",
        catalogue="earthquakes.csv.gz",
        steps=[
            LabelStep(step="M >= 5 in the catalogue", events=33357),
            LabelStep(step="within the Dobrovolsky radius or 300 km", events=74),
            LabelStep(step="declustered: 100 km, 72 h", events=61),
            LabelStep(
                step="data in the week before", events=20, windows=41210, station_days=1831.6
            ),
        ],
        events=20,
        windows=(38990, 2220),
        prevalence=2220 / 41210,
        methods=[on_labels(method, number) for number, method in enumerate(methods)],
        band_alarm_share=share.tolist(),
        band_low=np.clip(1 - share - 0.22 * np.sqrt(4 * share * (1 - share)), 0, 1).tolist(),
        band_high=np.clip(1 - share + 0.22 * np.sqrt(4 * share * (1 - share)), 0, 1).tolist(),
        verdict=Verdict(shown=shown, words=words, criteria=criteria),
    )


def on_labels(method: str, number: int) -> OnLabels:
    """Chance, more or less."""
    rng = np.random.default_rng(number)
    share = np.linspace(0, 1, 401)
    missed = np.sort(np.clip(1 - share + 0.05 * np.sin(9 * share + number), 0, 1))[::-1]
    auc = 0.517 - 0.006 * number
    return OnLabels(
        method=method,
        rmse=None if method in (KP_ONLY, "polarization ratio") else (0.412, 0.43 - 0.01 * number),
        mae=None if method in (KP_ONLY, "polarization ratio") else (0.301, 0.306),
        window_p=0.0035 * 3**number,
        event_p=min(0.27 * 1.2**number, 1.0),
        auc=auc,
        auc_low=auc - 0.055,
        auc_high=auc + 0.054,
        shuffled_auc=rng.normal(0.5, 0.022, 999).tolist(),
        shuffled_p=0.22,
        placebo_auc=0.522,
        alarm_share=share.tolist(),
        miss_share=missed.tolist(),
        alarms=71,
        alarms_per_month=1.18,
        alarm_hours=rng.poisson(2 + 2 * np.cos((np.arange(24) - 14) / 24 * 2 * np.pi)).tolist(),
    )


def ablation() -> list[Ablation]:
    """Three arms, one of them collapsed."""
    return [
        Ablation(
            loss=loss,
            weight=10.0,
            margin=1.5,
            scale_policy="fixed per station",
            auc=auc,
            found=auc - 0.45,
            collapsed=auc < 0.6,
            night_share=0.004,
            day_share=0.016,
            daily_spread=3.4,
            elsewhere_share=0.05,
            label_auc=0.51,
            softness=0.3 if loss == "log-error" else None,
        )
        for loss, auc in (("log-error", 0.857), ("hinge", 0.5), ("inverse", 0.801))
    ]
