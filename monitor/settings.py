"""Every setting of the online side, read once from `MAGWATCH_…` variables.

Nothing else in the project reads the environment. A bad value stops the program with the name of
the setting; nothing is silently replaced by a default.
"""

from __future__ import annotations

import difflib
import os
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
from pydantic_settings import BaseSettings, SettingsConfigDict

from geofield.alert import AlertRules
from geofield.network import NetworkRules
from monitor.errors import SettingsRefused

PREFIX = "MAGWATCH_"
# Variables of the test suite share the prefix and say nothing about the worker.
FOREIGN_PREFIX = "MAGWATCH_TEST_"
RULES = AlertRules()
NETWORK = NetworkRules()
DAY_S = 86_400
HTTP_PATTERN = r"^https?://[^\s/]+"
GROUP_PATTERN = r"^[A-Za-z0-9._-]+$"
OWN_OF_LINE = ("state", "profiles")  # topics that each line of workers has for itself

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
        "geomag.", pattern=r"^[A-Za-z0-9._-]*$", description="what every topic's name begins with"
    )
    group: str = Field(
        "magwatch", pattern=GROUP_PATTERN, description="consumer group of the workers"
    )
    line: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]{0,32}$",
        description="workers with another model beside the first ones, in shadow until promoted",
    )
    offset_reset: Literal["earliest", "latest"] = Field(
        "earliest", description="where a group without a commit begins"
    )
    create_topics: bool = Field(True, description="create missing topics at start-up")
    partitions: int = Field(4, ge=1, le=1024, description="of the topics this program creates")
    replication: int = Field(1, ge=1, le=9, description="of the topics this program creates")
    samples_retention_days: RetentionDays = Field(7, description="of the samples topic, created")
    scores_retention_days: RetentionDays = Field(400, description="of the scores topic, created")
    deadletter_retention_days: RetentionDays = Field(30, description="of the dead letters, created")

    model: Path | None = Field(None, description="ONNX file; unset: the one that is shipped")
    profiles: Path | None = Field(None, description="folder of station profiles")
    inference_threads: int = Field(1, ge=1, le=64, description="threads of one model run")

    hop_s: float | None = Field(
        None, gt=0, le=DAY_S, description="between windows; unset: the model's own"
    )
    allowed_lateness_s: float = Field(
        60.0, ge=0, le=DAY_S, description="how much older than the newest a sample may be"
    )
    max_gap: int = Field(5, ge=0, le=3600, description="longest run of missing samples bridged")
    future_tolerance_s: float = Field(
        300.0, ge=0, le=DAY_S, description="how far a sample may be ahead of its record's time"
    )
    alert_k: int = Field(RULES.k, ge=1, le=100, description="windows over the threshold that ...")
    alert_n: int = Field(RULES.n, ge=1, le=100, description="... of the last so many open an alert")
    alert_clear: int = Field(RULES.clear, ge=1, le=1000, description="calm windows that resolve it")
    alert_clear_ratio: float = Field(
        RULES.clear_ratio, gt=0, le=1, description="calm is below this share of the threshold"
    )
    alert_cooldown_s: float = Field(
        RULES.cooldown_ms / 1000,
        ge=0,
        le=DAY_S,
        description="no new alert so soon after one has resolved",
    )
    alert_moderate_days: float = Field(
        RULES.moderate_days, gt=0, description="return period that makes an alert moderate"
    )
    alert_major_days: float = Field(
        RULES.major_days, gt=0, description="return period that makes an alert major"
    )
    alert_settle_s: float = Field(
        RULES.settle_ms / 1000,
        ge=0,
        le=30 * DAY_S,
        description="how long a resolved alert waits for its class, in the time of its data",
    )
    space_weather_kp: float = Field(
        RULES.space_weather_kp, ge=0, le=9, description="Kp from which it is space weather"
    )
    space_weather_dst_nt: float = Field(
        RULES.space_weather_dst_nt, lt=0, ge=-5000, description="Dst down from which it is, too"
    )
    network_distance_km: float = Field(
        NETWORK.min_distance_km, gt=0, le=20_000, description="stations so far away are a reference"
    )
    network_witnesses: int = Field(
        NETWORK.min_witnesses, ge=1, le=1000, description="so many of them make an alert global ..."
    )
    network_share: float = Field(
        NETWORK.min_share, ge=0, le=1, description="... and such a share of those compared"
    )
    network_overlap: float = Field(
        NETWORK.overlap, gt=0, le=1, description="share of the windows in which a witness exceeds"
    )
    network_tolerance: int = Field(
        NETWORK.tolerance, ge=0, le=100, description="windows earlier or later that are the same"
    )
    network_wait_s: float = Field(
        NETWORK.wait_ms / 1000,
        gt=0,
        le=30 * DAY_S,
        description="how long a silent station is waited for",
    )

    calibrate_online: bool = Field(True, description="calibrate stations that have no profile")
    calibration_scale_days: Days = Field(1.0, description="quiet data for a station's scale")
    calibration_first_days: Days = Field(1.0, description="quiet data for its first profile")
    calibration_most_days: Days = Field(
        16.0, description="for its last; fits on twice as many lie between"
    )
    calibration_review_s: float = Field(
        21_600.0, ge=60, le=30 * DAY_S, description="event time between looks at a calibration"
    )
    calibration_guard_s: float = Field(
        3600.0, ge=0, le=30 * DAY_S, description="windows so near to an alert are not learned from"
    )
    calibration_max_kp: float = Field(
        3.0, ge=0, le=9, description="highest Kp of a quiet window in online calibration"
    )
    calibration_false_alarms: float = Field(
        1.0, gt=0, description="alerts a month that quiet data may open, for online profiles"
    )

    strangers: int = Field(
        1000, ge=0, description="stations without a profile file that a partition may have"
    )
    batch_records: int = Field(2048, ge=1, le=100_000, description="most records scored at once")
    batch_wait_s: Seconds = Field(0.1, description="longest wait for a batch to fill")
    checkpoint_s: Seconds = Field(30.0, description="between checkpoints of station states")
    session_timeout_s: Seconds = Field(10.0, description="silence after which a worker is given up")
    rebalance_timeout_s: Seconds = Field(10.0, description="time for workers to join again")
    heartbeat_s: Seconds = Field(1.0, description="between heartbeats to the broker")
    commit_s: Seconds = Field(2.0, description="between commits of offsets")

    metrics_host: str = Field("127.0.0.1", description="address of /metrics, /healthz, /readyz")
    metrics_port: Port = Field(9464, description="their port; 0 takes a free one")
    metrics_stations: int = Field(
        200, ge=1, le=10_000, description="stations with series of their own"
    )
    stalled_after_s: Seconds = Field(60.0, description="stillness after which /healthz fails")
    dashboard_host: str = Field("127.0.0.1", description="address of the live page")
    dashboard_port: Port = Field(9465, description="its port; 0 takes a free one")
    dashboard_hours: float = Field(24.0, ge=1, le=168, description="how much the page keeps")
    dashboard_stations: int = Field(200, ge=1, le=10_000, description="most stations it keeps")
    dashboard_silent_after_s: float = Field(
        300.0, gt=0, le=30 * DAY_S, description="stillness after which it says silent"
    )
    stations: Path | None = Field(None, description="CSV file code,lat,lon for its map")

    log_format: Literal["json", "console"] = Field("json", description="one object a line, or text")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least shown"
    )

    index_poll_s: Seconds = Field(300.0, description="between polls of `magwatch indices`")
    index_noaa_url: str = Field(
        "https://services.swpc.noaa.gov/products/noaa-planetary-k-index.json",
        pattern=HTTP_PATTERN,
        description="NOAA's planetary K index",
    )
    index_gfz_url: str = Field(
        "https://kp.gfz.de/app/json/",
        pattern=HTTP_PATTERN,
        description="GFZ's Kp service, without its query",
    )
    index_kyoto_url: str = Field(
        "https://services.swpc.noaa.gov/products/kyoto-dst.json",
        pattern=HTTP_PATTERN,
        description="Kyoto's Dst as NOAA passes it on",
    )

    webhook_authorization: SecretStr | None = Field(
        None, description="header of `magwatch alerts --webhook`; never shown or logged"
    )

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="of the connection to the broker"
    )
    ssl_cafile: Path | None = Field(None, description="certificates to trust; unset: the system's")
    ssl_certfile: Path | None = Field(None, description="this client's certificate")
    ssl_keyfile: Path | None = Field(None, description="its key")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how to log in"
    )
    sasl_username: str | None = Field(None, description="who logs in")
    sasl_password: SecretStr | None = Field(None, description="never shown or logged")

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

    @field_validator("profiles")
    @classmethod
    def _existing_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"no such folder: {value}")
        return value

    @field_validator("alert_n")
    @classmethod
    def _k_fits_n(cls, value: int, info: ValidationInfo) -> int:
        k = info.data.get("alert_k", 1)
        if value < k:
            raise ValueError(f"is {value}, but MAGWATCH_ALERT_K asks for {k} windows of them")
        return value

    @field_validator("sasl_password", "webhook_authorization")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            raise ValueError("is empty")
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

    def topic(self, name: str) -> str:
        """Full name of a topic, e.g. `samples` → `geomag.samples`."""
        return self.topic_prefix + (self._of_line(name) if name in OWN_OF_LINE else name)

    @property
    def consumer_group(self) -> str:
        """Group of the workers of this line."""
        return self._of_line(self.group)

    def _of_line(self, name: str) -> str:
        return f"{name}-{self.line}" if self.line else name


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` are values a command got by its options (None = not given).

    Raises
    ------
    SettingsRefused
        Naming each setting that is unknown or unusable.
    """
    refuse_unknown(os.environ)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # validated by pydantic, not by us
    except ValidationError as error:
        raise SettingsRefused("\n".join(_complaints(error))) from None


def refuse_unknown(names: Iterable[str]) -> None:
    """A misspelt variable would otherwise be a default that nobody chose."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(names):
        if not name.upper().startswith(PREFIX) or name.upper().startswith(FOREIGN_PREFIX):
            continue
        if name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), sorted(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsRefused(f"{name}: no such setting{hint}")


def _complaints(error: ValidationError) -> list[str]:
    """One line per bad setting. The value itself is left out: it may be a secret."""
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        reason = item["msg"].removeprefix("Value error, ")
        name = PREFIX + str(item["loc"][0]).upper() + ": " if item["loc"] else ""
        lines.append(f"{name}{reason}")
    return lines
