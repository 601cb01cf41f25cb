"""From settings to what the domain needs: the model, its rules and the stations' profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from archive.model import Model, default_model_path, load_model
from archive.profile import ProfileRefused, load_profiles
from geofield.alert import AlertRules
from geofield.manifest import Manifest
from geofield.profile import AlertBasis, StationProfile
from geofield.step import Rules
from geofield.windows import WindowSpec
from monitor.codec import Accepts
from monitor.errors import SettingsRefused
from monitor.settings import Settings


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that decides a score, loaded and verified."""

    model: Model
    rules: Rules
    accepts: Accepts


def assemble(settings: Settings) -> Assembly:
    """Load and verify the model and the profiles.

    Raises
    ------
    ModelRefused, ProfileRefused
        With the line that says what to do.
    SettingsRefused
        If the settings do not fit the model.
    """
    model = load_model(settings.model or default_model_path(), settings.inference_threads)
    profiles: Mapping[str, StationProfile] = {}
    if settings.profiles is not None:
        profiles = load_profiles(settings.profiles, model.manifest.sha256)
    window = window_spec(settings, model.manifest)
    alert = alert_rules(settings)
    _check_basis(profiles.values(), AlertBasis(alert.k, alert.n, window.hop))
    rules = Rules(window, alert, model.ref, profiles)
    accepts = Accepts(
        cadence_ms=window.cadence_ms,
        future_tolerance_ms=round(settings.future_tolerance_s * 1000),
        declination_deg={name: profile.declination_deg for name, profile in profiles.items()},
        strangers=settings.strangers,
    )
    return Assembly(model, rules, accepts)


def _check_basis(profiles: Iterable[StationProfile], basis: AlertBasis) -> None:
    """A threshold holds for the alert rule and hop it was calibrated with, and no other."""
    for profile in profiles:
        had = profile.basis
        if had != basis:
            raise ProfileRefused(
                f"the profile of {profile.station} is for alerts on {had.k} of {had.n} windows, "
                f"one every {had.hop} samples; the settings say {basis.k} of {basis.n} every "
                f"{basis.hop}: run `magwatch calibrate` with these settings"
            )


def window_spec(settings: Settings, manifest: Manifest) -> WindowSpec:
    """The online window of a model under these settings."""
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
        moderate_days=settings.alert_moderate_days,
        major_days=settings.alert_major_days,
        space_weather_kp=settings.space_weather_kp,
        settle_ms=round(settings.alert_settle_s * 1000),
    )
