"""From settings to what the domain needs: the model, its rules and the stations' profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from archive.model import Model, default_model_path, load_model
from archive.profile import ProfileRefused, load_profiles
from geofield.alert import AlertRules
from geofield.manifest import Manifest
from geofield.network import Network, NetworkRules, distant_stations
from geofield.online_rules import OnlineRules
from geofield.profile import AlertBasis, StationProfile
from geofield.step import Rules
from geofield.windows import WindowSpec
from monitor.codec import Accepts
from monitor.errors import SettingsRefused
from monitor.settings import Settings


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that decides a score or an alert, loaded and verified.

    `network` has heard of no window yet.
    """

    model: Model
    rules: Rules
    accepts: Accepts
    network: Network


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
    rules = Rules(window, alert, model.ref, profiles, online_rules(settings, model))
    accepts = Accepts(
        cadence_ms=window.cadence_ms,
        future_tolerance_ms=round(settings.future_tolerance_s * 1000),
        declination_deg={name: profile.declination_deg for name, profile in profiles.items()},
        strangers=settings.strangers,
    )
    return Assembly(model, rules, accepts, _network(settings, window, profiles))


def _network(
    settings: Settings, window: WindowSpec, profiles: Mapping[str, StationProfile]
) -> Network:
    positions_deg = {
        name: profile.position_deg
        for name, profile in profiles.items()
        if profile.position_deg is not None
    }
    rules = network_rules(settings)
    distant = distant_stations(positions_deg, rules.min_distance_km)
    return Network(window.hop * window.cadence_ms, distant, rules)


def _check_basis(profiles: Iterable[StationProfile], basis: AlertBasis) -> None:
    """A threshold holds for the alert rule and hop it was calibrated with, and no other."""
    for profile in profiles:
        had = profile.basis
        if had != basis:
            raise ProfileRefused(
                f"the profile of {profile.station} is for alerts on {had.k} of {had.n} windows, "
                f"one every {had.hop} samples; the settings say {basis.k} of {basis.n} every "
                f"{basis.hop}: run `magwatch calibrate` with these settings, "
                "or set MAGWATCH_ALERT_K, _ALERT_N and _HOP_S to those of the profile"
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
        space_weather_dst_nt=settings.space_weather_dst_nt,
        settle_ms=round(settings.alert_settle_s * 1000),
    )


def network_rules(settings: Settings) -> NetworkRules:
    """The rules of the remote reference of the settings."""
    return NetworkRules(
        min_distance_km=settings.network_distance_km,
        min_witnesses=settings.network_witnesses,
        min_share=settings.network_share,
        overlap=settings.network_overlap,
        tolerance=settings.network_tolerance,
        wait_ms=round(settings.network_wait_s * 1000),
    )


def online_rules(settings: Settings, model: Model) -> OnlineRules | None:
    """How stations without a profile are calibrated; None if they are not."""
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
