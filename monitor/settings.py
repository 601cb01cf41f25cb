"""All settings of the online side, read once from `MAGWATCH_…` variables.

Nothing else in the project reads the environment. A bad value ends the program with the name of the
setting; a default never replaces it silently.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from archive.shipped import find_model
from geofield.alerts.alert import AlertRules
from geofield.alerts.remote_reference import NetworkRules
from geofield.utc import DAY_S
from monitor.errors import SettingsRefused

PREFIX = "MAGWATCH_"
# Variables of the test suite have the same prefix but are no settings.
FOREIGN_PREFIX = "MAGWATCH_TEST_"
RULES = AlertRules()
NETWORK = NetworkRules()
HTTP_PATTERN = r"^https?://[^\s/]+"
MAIL_PATTERN = r"^[^@\s<>,;:\x00-\x1f]+@[^@\s<>,;:\x00-\x1f]+$"  # one bare address
GROUP_PATTERN = r"^[A-Za-z0-9._-]+$"
TOKEN = re.compile(r"[\x21-\x7e]{16,200}")
OWN_OF_LINE = ("state", "profiles")  # topics that each line of workers has of its own

Port = Annotated[int, Field(ge=0, le=65535)]
Days = Annotated[float, Field(gt=0, le=100)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
RetentionDays = Annotated[int, Field(ge=1, le=36_500)]


class Settings(BaseSettings):
    """Settings of the worker and of the commands that talk to its topics."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        env_ignore_empty=False,
    )

    broker: str = Field("localhost:9092", description="bootstrap servers, host:port[,host:port]")
    topic_prefix: str = Field(
        "geomag.", pattern=r"^[A-Za-z0-9._-]*$", description="prefix of all topic names"
    )
    group: str = Field(
        "magwatch", pattern=GROUP_PATTERN, description="consumer group of the workers"
    )
    line: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]{0,32}$",
        description="name of a line of workers with another model, in shadow until promoted",
    )
    offset_reset: Literal["earliest", "latest"] = Field(
        "earliest", description="start position of a group without commits"
    )
    create_topics: bool = Field(True, description="create missing topics at start-up")
    partitions: int = Field(4, ge=1, le=1024, description="partitions of created topics")
    replication: int = Field(1, ge=1, le=9, description="replicas of created topics")
    samples_retention_days: RetentionDays = Field(
        7, description="retention of samples, at creation"
    )
    scores_retention_days: RetentionDays = Field(
        400, description="retention of scores, at creation"
    )
    deadletter_retention_days: RetentionDays = Field(
        30, description="retention of dead letters, at creation"
    )

    model: Annotated[Path | tuple[Path, ...] | None, NoDecode] = Field(
        None,
        description="ONNX file or name of a shipped model, or several separated by commas, each "
        "for another cadence; unset: ulf-1hz",
    )
    derive_minutes: bool = Field(
        False, description="score minute means of one-second stations by the model of minutes"
    )
    profiles: Path | None = Field(None, description="folder of station profiles")
    profiles_look_s: Seconds = Field(10.0, description="interval of reading the folder of profiles")
    inference_threads: int = Field(1, ge=1, le=64, description="threads of one model run")

    hop_s: float | None = Field(
        None, gt=0, le=DAY_S, description="interval of windows; unset: the model's own"
    )
    allowed_lateness_s: float = Field(
        60.0, ge=0, le=DAY_S, description="largest lag of a sample behind its station's newest"
    )
    max_gap: int = Field(5, ge=0, le=3600, description="longest gap bridged, in samples")
    future_tolerance_s: float = Field(
        300.0,
        ge=0,
        le=DAY_S,
        description="largest lead of a sample over its record's time and its station's others",
    )
    alert_k: int = Field(
        RULES.k, ge=1, le=100, description="windows over the threshold to open an alert"
    )
    alert_n: int = Field(
        RULES.n, ge=1, le=100, description="latest windows, of which MAGWATCH_ALERT_K open an alert"
    )
    alert_clear: int = Field(
        RULES.clear, ge=1, le=1000, description="calm windows to resolve an alert"
    )
    alert_clear_ratio: float = Field(
        RULES.clear_ratio,
        gt=0,
        le=1,
        description="share of the threshold below which a window is calm",
    )
    alert_cooldown_s: float = Field(
        RULES.cooldown_ms / 1000,
        ge=0,
        le=DAY_S,
        description="time without a new alert after one has resolved",
    )
    alert_moderate_size: float = Field(
        RULES.moderate_size,
        gt=0,
        description="least size (peak times length, over the least alert) of a moderate alert",
    )
    alert_major_size: float = Field(
        RULES.major_size, gt=0, description="least size of a major alert"
    )
    alert_settle_s: float = Field(
        RULES.settle_ms / 1000,
        ge=0,
        le=30 * DAY_S,
        description="longest wait of a resolved alert for its class, in event time",
    )
    space_weather_kp: float = Field(
        RULES.space_weather_kp, ge=0, le=9, description="lowest Kp that counts as space weather"
    )
    space_weather_dst_nt: float = Field(
        RULES.space_weather_dst_nt,
        lt=0,
        ge=-5000,
        description="highest Dst that counts as space weather",
    )
    network_distance_km: float = Field(
        NETWORK.min_distance_km,
        gt=0,
        le=20_000,
        description="least distance of a reference station",
    )
    network_witnesses: int = Field(
        NETWORK.min_witnesses,
        ge=1,
        le=1000,
        description="distant stations over threshold for a global alert",
    )
    network_share: float = Field(
        NETWORK.min_share,
        ge=0,
        le=1,
        description="least share of the compared stations over threshold",
    )
    network_overlap: float = Field(
        NETWORK.overlap,
        gt=0,
        le=1,
        description="least share of an alert's windows over threshold there",
    )
    network_tolerance: int = Field(
        NETWORK.tolerance,
        ge=0,
        le=100,
        description="windows by which two stations may differ in time",
    )
    network_wait_s: float = Field(
        NETWORK.wait_ms / 1000, gt=0, le=30 * DAY_S, description="longest wait for a silent station"
    )

    calibrate_online: bool = Field(True, description="calibrate stations that have no profile")
    calibration_scale_days: Days = Field(1.0, description="quiet data for the scale of a station")
    calibration_first_days: Days = Field(1.0, description="quiet data for the first profile")
    calibration_most_days: Days = Field(
        16.0, description="quiet data for the last profile; one fit at each doubling"
    )
    calibration_review_s: float = Field(
        21_600.0, ge=60, le=30 * DAY_S, description="event time between checks of a calibration"
    )
    calibration_guard_s: float = Field(
        3600.0, ge=0, le=30 * DAY_S, description="time around alerts that no profile learns from"
    )
    calibration_max_kp: float = Field(
        3.0, ge=0, le=9, description="highest Kp of a quiet window at the worker"
    )
    calibration_false_alarms: float = Field(
        1.0, gt=0, description="false alerts a month that online profiles allow"
    )
    profiles_live: bool = Field(True, description="let profiles go on learning from quiet data")
    profiles_half_life_days: Annotated[float, Field(gt=0, le=3650)] | None = Field(
        None, description="age at which quiet data count half; unset: 9450 hops, 7 days of 64 s"
    )

    strangers: int = Field(
        1000, ge=0, description="most stations without a profile file in a partition"
    )
    batch_records: int = Field(2048, ge=1, le=100_000, description="most records in a batch")
    batch_wait_s: Seconds = Field(0.1, description="longest wait for a batch to fill up")
    checkpoint_s: Seconds = Field(30.0, description="interval of checkpoints of station states")
    session_timeout_s: Seconds = Field(10.0, description="silence until the group drops a worker")
    rebalance_timeout_s: Seconds = Field(10.0, description="time for workers to join again")
    heartbeat_s: Seconds = Field(1.0, description="interval of heartbeats to the broker")
    commit_s: Seconds = Field(2.0, description="interval of commits of offsets")

    metrics_host: str = Field("127.0.0.1", description="address of /metrics, /healthz, …")
    metrics_port: Port = Field(9464, description="port of /metrics, /healthz; 0: any free one")
    metrics_stations: int = Field(
        200, ge=1, le=10_000, description="stations with their own series"
    )
    stalled_after_s: Seconds = Field(60.0, description="time without progress until /healthz fails")
    silent_after_s: float = Field(
        300.0,
        gt=0,
        le=30 * DAY_S,
        description="time without a record after which a station is silent",
    )
    dashboard_host: str = Field("127.0.0.1", description="address of the live page")
    dashboard_port: Port = Field(9465, description="port of the live page; 0: any free one")
    dashboard_hours: float = Field(
        24.0, ge=1, le=168, description="hours of data that the page keeps"
    )
    dashboard_stations: int = Field(200, ge=1, le=10_000, description="most stations of the page")
    review_token: SecretStr | None = Field(
        None,
        description="secret with which the page takes reviews of alerts; unset: none; never shown",
    )
    stations: Path | None = Field(None, description="CSV file code,lat,lon,name for the page's map")

    log_format: Literal["json", "console"] = Field("json", description="format of the log")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="lowest level that is logged"
    )

    index_poll_s: Seconds = Field(300.0, description="interval of polls of `magwatch indices`")
    index_noaa_url: str = Field(
        "https://services.swpc.noaa.gov/products/noaa-planetary-k-index.json",
        pattern=HTTP_PATTERN,
        description="URL of NOAA's planetary K index",
    )
    index_gfz_url: str = Field(
        "https://kp.gfz.de/app/json/",
        pattern=HTTP_PATTERN,
        description="URL of GFZ's service of Kp and Hp30, without the query",
    )
    index_kyoto_url: str = Field(
        "https://services.swpc.noaa.gov/products/kyoto-dst.json",
        pattern=HTTP_PATTERN,
        description="URL of Kyoto's Dst at NOAA",
    )

    history: Path | None = Field(
        None, description="folder of `magwatch history` that the page shows past days of"
    )
    history_write_s: Seconds = Field(
        300.0, description="interval of writing the files of `magwatch history`"
    )
    quakes_poll_s: float = Field(
        60.0, ge=60, le=DAY_S, description="interval of polls of the USGS's summary feed"
    )
    quakes_changes_s: float = Field(
        900.0, ge=60, le=DAY_S, description="interval of polls of the USGS's revisions, deletions"
    )
    quakes_magnitude_min: float = Field(
        4.5, ge=-1, le=10, description="least magnitude of an earthquake that `quakes` publishes"
    )
    quakes_summary_url: str = Field(
        "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/2.5_day.geojson",
        pattern=HTTP_PATTERN,
        description="URL of the USGS's summary feed of earthquakes",
    )
    quakes_fdsn_url: str = Field(
        "https://earthquake.usgs.gov/fdsnws/event/1/query",
        pattern=HTTP_PATTERN,
        description="URL of the USGS's FDSN event service, without the query",
    )

    ingest_contact: str = Field(
        "",
        pattern=r"^[\x20-\x7e]*$",
        description="e-mail or URL that `ingest` and `quakes` tell web services in the User-Agent",
    )
    ingest_passwords: SecretStr | None = Field(
        None,
        description="passwords of `magwatch ingest`, user@host=password, one a line; never logged",
    )

    webhook_authorization: SecretStr | None = Field(
        None,
        description="header Authorization of `magwatch alerts --webhook`; never shown or logged",
    )

    smtp_host: str | None = Field(
        None, min_length=1, description="mail server of `magwatch report --mail`"
    )
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, description="its port")
    smtp_security: Literal["auto", "starttls", "tls", "none"] = Field(
        "auto",
        description="of the connection to it; auto: tls at port 465, none on this machine, else "
        "starttls; none elsewhere is refused",
    )
    smtp_from: str | None = Field(
        None, pattern=MAIL_PATTERN, description="sender of mails, user@host"
    )
    smtp_user: str | None = Field(None, min_length=1, description="user at the mail server")
    smtp_password: SecretStr | None = Field(
        None, description="password at the mail server; never shown or logged"
    )

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="security of the connection to the broker"
    )
    ssl_cafile: Path | None = Field(
        None, description="file of trusted certificates; unset: the system's"
    )
    ssl_certfile: Path | None = Field(None, description="file of this client's certificate")
    ssl_keyfile: Path | None = Field(
        None, description="file of the key of this client's certificate"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism"
    )
    sasl_username: str | None = Field(None, description="SASL user name")
    sasl_password: SecretStr | None = Field(
        None, description="SASL password; never shown or logged"
    )

    @field_validator("broker")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        servers = [server.strip().removeprefix("kafka://") for server in value.split(",")]
        for server in servers:
            host, colon, port = server.rpartition(":")
            if not (host and colon and port.isdigit() and 0 < int(port) < 65536):
                raise ValueError("expected host:port, or several separated by commas")
        return ",".join(servers)

    @field_validator("ssl_cafile", "ssl_certfile", "ssl_keyfile", "stations")
    @classmethod
    def _readable_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"no such file: {value}")
        return value

    @field_validator("model", mode="before")
    @classmethod
    def _by_names(cls, value: object) -> object:
        if not isinstance(value, str | Path):
            return value
        names = [name.strip() for name in str(value).split(",")]
        if len(names) > 1 and not all(names):
            raise ValueError("a name between commas is missing")
        paths = tuple(map(find_model, names))
        return paths[0] if len(paths) == 1 else paths

    @field_validator("alert_n")
    @classmethod
    def _k_fits_n(cls, value: int, info: ValidationInfo) -> int:
        k = info.data.get("alert_k", 1)
        if value < k:
            raise ValueError(f"is {value}, but MAGWATCH_ALERT_K asks for {k} windows of them")
        return value

    @field_validator("alert_major_size")
    @classmethod
    def _major_is_larger(cls, value: float, info: ValidationInfo) -> float:
        moderate = info.data.get("alert_moderate_size", 0.0)
        if value < moderate:
            raise ValueError(f"is {value:g}, but MAGWATCH_ALERT_MODERATE_SIZE is {moderate:g}")
        return value

    @field_validator("sasl_password", "smtp_password", "webhook_authorization", "ingest_passwords")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            raise ValueError("is empty")
        return value

    @field_validator("review_token")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        secret = value.get_secret_value() if value is not None else None
        if secret is not None and not TOKEN.fullmatch(secret):
            raise ValueError("give 16 to 200 letters, digits and signs of ASCII, without a space")
        return value

    @model_validator(mode="after")
    def _sasl_is_complete(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (
            self.sasl_username and self.sasl_password
        ):
            raise ValueError(
                "MAGWATCH_SECURITY_PROTOCOL: SASL needs MAGWATCH_SASL_USERNAME and "
                "MAGWATCH_SASL_PASSWORD"
            )
        return self

    @model_validator(mode="after")
    def _login_is_complete(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError(
                "MAGWATCH_SMTP_USER: a login needs MAGWATCH_SMTP_USER and MAGWATCH_SMTP_PASSWORD"
            )
        return self

    def topic(self, name: str) -> str:
        """Full name of a topic, e.g. `samples` → `geomag.samples`."""
        return self.topic_prefix + (self._of_line(name) if name in OWN_OF_LINE else name)

    @property
    def consumer_group(self) -> str:
        """Group of the workers of this line."""
        return self._of_line(self.group)

    def _of_line(self, name: str) -> str:
        return f"{name}-{self.line}" if self.line else name


def as_variable(value: object) -> str:
    """A value of a setting as in its variable."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` are values from options of a command (None = not given).

    Raises
    ------
    SettingsRefused
        If settings are unknown or unusable; the message names each of them.
    """
    refuse_unknown(os.environ)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # validated by pydantic, not by us
    except ValidationError as error:
        raise SettingsRefused("\n".join(_complaints(error))) from None


def forget_settings() -> None:
    """Remove all settings from the environment of this process and its children."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        if not name.upper().startswith(FOREIGN_PREFIX):
            del os.environ[name]


def refuse_unknown(names: Iterable[str]) -> None:
    """Refuse unknown variables: a misspelt one would silently leave a default in force."""
    known = sorted(name.upper() for name in Settings.model_fields)
    for name in sorted(names):
        if not name.upper().startswith(PREFIX) or name.upper().startswith(FOREIGN_PREFIX):
            continue
        if (setting := name.upper().removeprefix(PREFIX)) not in known:
            near = difflib.get_close_matches(setting, known, n=1)
            hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
            raise SettingsRefused(f"{name}: no such setting{hint}")


def _complaints(error: ValidationError) -> list[str]:
    """A line for each bad setting, without its value, which may be a secret."""
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        reason = item["msg"].removeprefix("Value error, ")
        name = PREFIX + str(item["loc"][0]).upper() + ": " if item["loc"] else ""
        lines.append(f"{name}{reason}")
    return lines
