"""Assembly of the domain's inputs from the settings: model, rules and stations' profiles."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from archive.model import Model, default_model_path, load_model
from archive.model_names import ONLY_MODEL, ModelNames
from archive.profile import UNTIL, ProfileRefused
from archive.shipped import find_model
from archive.versions import load_versions
from geofield.alerts.alert import AlertRules
from geofield.alerts.remote_reference import NetworkRules, StationNetwork, distant_stations
from geofield.calibration.living.rules import LivingRules, half_life_ms
from geofield.calibration.online.rules import OnlineRules
from geofield.calibration.profile import AlertBasis, StationProfile
from geofield.calibration.versions import Versions, declinations_deg, positions
from geofield.scoring.manifest import Manifest
from geofield.series.low_pass import SECOND_MS
from geofield.series.windows import WindowSpec
from geofield.step import Rules
from geofield.utc import DAY_MS, MINUTE_MS
from monitor.errors import SettingsRefused
from monitor.records.sample_decoder import Accepts
from monitor.settings import Settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # of a model among several


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that decides scores and alerts of one model, loaded and verified."""

    model: Model
    rules: Rules
    accepts: Accepts
    network: StationNetwork  # without windows
    names: ModelNames = ONLY_MODEL


def assemble(settings: Settings) -> Assembly:
    """Load and verify the first model and its profiles; raises as `assemble_all` does."""
    return assemble_all(settings)[0]


def assemble_all(settings: Settings, only: Path | None = None) -> tuple[Assembly, ...]:
    """Load and verify the models and their profiles, in the order of the setting.

    With `only` this model, which need not be one of the setting's.

    Raises
    ------
    ModelRefused, ProfileRefused
        If a model or a profile is unusable; the message says what to do.
    SettingsRefused
        If the settings do not fit the models, or two models take one cadence.
    """
    models = load_models(settings, only)
    cadences_ms = {one.model.manifest.window.cadence_ms for one in models}
    if settings.derive_minutes and only is None and MINUTE_MS not in cadences_ms:
        raise SettingsRefused(
            "MAGWATCH_DERIVE_MINUTES: no model of MAGWATCH_MODEL takes one sample a minute: add "
            "one (ulf-1min is shipped), or set it to false"
        )
    return tuple(_assembled(settings, one, cadences_ms) for one in models)


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model of the settings: its file, and the names of what it keeps of stations."""

    path: Path
    model: Model
    names: ModelNames


def model_paths(settings: Settings) -> tuple[Path, ...]:
    """The files of the models of the settings."""
    if isinstance(settings.model, tuple):
        return settings.model
    return (settings.model or default_model_path(),)


def load_models(settings: Settings, only: Path | None = None) -> list[NamedModel]:
    """The models of the settings, loaded and verified, or one of them; see `assemble_all`."""
    paths = model_paths(settings)
    chosen = find_model(only) if only is not None else None
    if chosen is not None and chosen not in paths:
        paths = (chosen,)
    models = [load_model(path, settings.inference_threads) for path in paths]
    if len(models) > 1:
        _check_apart([model.manifest for model in models])
    sha256s = frozenset(model.manifest.sha256 for model in models)
    return [
        NamedModel(path, model, ModelNames(about.name, sha256s - {about.sha256}))
        for path, model in zip(paths, models, strict=True)
        if (about := model.manifest) and chosen in (None, path)
    ]


def _check_apart(manifests: Sequence[Manifest]) -> None:
    """Refuse models of one cadence or name, and names that cannot be in those of files."""
    cadences: dict[int, str] = {}
    for about in manifests:
        if not NAME.fullmatch(about.name) or UNTIL in about.name:
            raise SettingsRefused(
                f"MAGWATCH_MODEL: the name {about.name!r} of a model cannot stand in the names of "
                "its profiles: among several models, it needs letters, digits, hyphens and dots"
            )
        if other := cadences.get(about.window.cadence_ms):
            raise SettingsRefused(
                f"MAGWATCH_MODEL: {other} and {about.name} both take one sample every "
                f"{about.window.cadence_ms / 1000:g} s: a worker has one model for each cadence; "
                "to compare two, run one of them as a line of its own (MAGWATCH_LINE)"
            )
        cadences[about.window.cadence_ms] = about.name
    if len(set(cadences.values())) < len(cadences):
        raise SettingsRefused("MAGWATCH_MODEL: two models have one name")


def _assembled(settings: Settings, one: NamedModel, cadences_ms: Collection[int]) -> Assembly:
    model, names = one.model, one.names
    profiles: Mapping[str, Versions] = {}
    if settings.profiles is not None:
        _check_folder(settings.profiles)
        profiles = load_versions(settings.profiles, names)
    window = window_spec(settings, model.manifest)
    rules = Rules(
        window,
        alert_rules(settings),
        model.ref,
        profiles,
        online_rules(settings, model),
        living_rules(settings, window),
    )
    for profile in chain.from_iterable(profiles.values()):
        check_profile(profile, rules)
    accepts = Accepts(
        cadence_ms=window.cadence_ms,
        future_tolerance_ms=round(settings.future_tolerance_s * 1000),
        declination_deg=declinations_deg(profiles),
        most_unprofiled=settings.strangers,
        derives_ms=(SECOND_MS,)
        if settings.derive_minutes and window.cadence_ms == MINUTE_MS
        else (),
        lateness_ms=round(settings.allowed_lateness_s * 1000),
        shares=SECOND_MS in cadences_ms,
    )
    empty = StationNetwork(window.hop_ms, rules=network_rules(settings))
    return Assembly(model, rules, accepts, placed(empty, profiles), names)


def _check_folder(profiles: Path) -> None:
    if not profiles.is_dir():
        raise SettingsRefused(
            f"MAGWATCH_PROFILES: no such folder: {profiles}: make it (mkdir -p {profiles}), or let "
            "`magwatch calibrate --profiles` make it"
        )


def placed(network: StationNetwork, profiles: Mapping[str, Versions]) -> StationNetwork:
    """The network with the stations of these profiles."""
    positions_deg, joined_ms = positions(profiles)
    distant = distant_stations(positions_deg, network.rules.min_distance_km)
    return replace(network, distant=distant, joined_ms=joined_ms)


def basis_of(rules: Rules) -> AlertBasis:
    """The alert rule and hop for which a profile must be calibrated."""
    return AlertBasis(rules.alert.k, rules.alert.n, rules.window.hop)


def check_profile(profile: StationProfile, rules: Rules) -> None:
    """Check that a profile was calibrated for the model, alert rule and hop of `rules`.

    Raises
    ------
    ProfileRefused
        If it was not.
    """
    model, had, basis = rules.model.sha256, profile.basis, basis_of(rules)
    if profile.model_sha256 != model:
        raise ProfileRefused(
            f"the profile of {profile.station} was calibrated with another model "
            f"({profile.model_sha256[:12]}, not {model[:12]}): run `magwatch calibrate`"
        )
    if had != basis:
        raise ProfileRefused(
            f"the profile of {profile.station} is for alerts on {had.k} of {had.n} windows, "
            f"one every {had.hop} samples; the settings say {basis.k} of {basis.n} every "
            f"{basis.hop}: run `magwatch calibrate` with these settings, "
            "or set MAGWATCH_ALERT_K, _ALERT_N and _HOP_S to those of the profile"
        )


def window_spec(settings: Settings, manifest: Manifest) -> WindowSpec:
    """The online window of a model with these settings."""
    cadence_s = manifest.window.cadence_ms / 1000
    hop = None if settings.hop_s is None else max(1, round(settings.hop_s / cadence_s))
    lateness = round(settings.allowed_lateness_s / cadence_s)
    try:
        return manifest.window.spec(hop, lateness, settings.max_gap)
    except ValueError as error:
        raise SettingsRefused(f"MAGWATCH_HOP_S, _ALLOWED_LATENESS_S or _MAX_GAP: {error}") from None


def alert_rules(settings: Settings) -> AlertRules:
    """The alert rules of the settings."""
    return AlertRules(
        k=settings.alert_k,
        n=settings.alert_n,
        clear=settings.alert_clear,
        clear_ratio=settings.alert_clear_ratio,
        cooldown_ms=round(settings.alert_cooldown_s * 1000),
        moderate_size=settings.alert_moderate_size,
        major_size=settings.alert_major_size,
        space_weather_kp=settings.space_weather_kp,
        space_weather_dst_nt=settings.space_weather_dst_nt,
        settle_ms=round(settings.alert_settle_s * 1000),
    )


def network_rules(settings: Settings) -> NetworkRules:
    """The rules of the settings for the remote reference."""
    return NetworkRules(
        min_distance_km=settings.network_distance_km,
        min_witnesses=settings.network_witnesses,
        min_share=settings.network_share,
        overlap=settings.network_overlap,
        tolerance=settings.network_tolerance,
        wait_ms=round(settings.network_wait_s * 1000),
    )


def online_rules(settings: Settings, model: Model) -> OnlineRules | None:
    """The rules of the settings for online calibration; None if it is off."""
    if not settings.calibrate_online:
        return None
    return OnlineRules(
        band_pass=model.filtered,
        scale_days=settings.calibration_scale_days,
        first_days=settings.calibration_first_days,
        most_days=settings.calibration_most_days,
        review_ms=round(settings.calibration_review_s * 1000),
        guard_ms=round(settings.calibration_guard_s * 1000),
        max_kp=settings.calibration_max_kp,
        false_alarms_per_month=settings.calibration_false_alarms,
    )


def living_rules(settings: Settings, window: WindowSpec) -> LivingRules | None:
    """The rules of the settings for living profiles; None if profiles stay as they are."""
    if not settings.profiles_live:
        return None
    days = settings.profiles_half_life_days
    return LivingRules(
        half_life_ms=half_life_ms(window) if days is None else round(days * DAY_MS),
        guard_ms=round(settings.calibration_guard_s * 1000),
        max_kp=settings.calibration_max_kp,
    )
