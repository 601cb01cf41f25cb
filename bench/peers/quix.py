"""The worker's job in Quix Streams, as one would write it for speed.

Windows are held in memory, every window that a record makes due is scored in one run of the model,
JSON is msgspec's, the clients' queues are large. Unlike the worker it does not survive a kill with
its windows, follows no alerts and looks for no instrument trouble.

Run by `python -m bench.pipeline` as ``python -m bench.peers.quix --help`` says.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from quixstreams import Application
from quixstreams.models import Deserializer, Serializer

from bench.peers.window import Buffer, Shape

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CADENCE = "PT1S"
CONSUMER = {
    "queued.min.messages": 200_000,
    "queued.max.messages.kbytes": 262_144,
    "fetch.wait.max.ms": 50,
}
PRODUCER = {"linger.ms": 20, "batch.size": 1024 * 1024, "queue.buffering.max.messages": 500_000}


class Record(msgspec.Struct, frozen=True):
    """A record of the samples topic in H, E, Z."""

    iagaCode: str  # noqa: N815 - the name on the wire
    cadence: str
    startDate: str  # noqa: N815
    geomagneticFieldH: list[float | None]  # noqa: N815
    geomagneticFieldE: list[float | None]  # noqa: N815
    geomagneticFieldZ: list[float | None]  # noqa: N815


class Model(msgspec.Struct, frozen=True):
    """Which model scored."""

    name: str
    version: str
    sha256: str


class Components(msgspec.Struct, frozen=True):
    """One number for each component."""

    H: float
    E: float
    Z: float


class Context(msgspec.Struct, frozen=True):
    """Space weather, of which nothing is known here."""

    kp_highest: float | None = None
    kp_complete: bool = False
    dst_lowest_nt: float | None = None


class Score(msgspec.Struct, frozen=True):
    """A record of the scores topic."""

    schema_version: int
    station: str
    window_start: str
    window_end: str
    decided: str
    model: Model
    quality: str
    completeness: float
    rmse: float | None
    mae: float | None
    error: Components | None
    threshold: float | None
    return_period_days: float | None
    context: Context = Context()
    trouble: tuple[str, ...] = ()


class WindowFields(msgspec.Struct):
    """The part of a manifest that says what a window is."""

    samples: int
    hop: int
    taps: int


class Manifest(msgspec.Struct):
    """The file beside a model."""

    name: str
    version: str
    sha256: str
    window: WindowFields


class Profile(msgspec.Struct):
    """What is used of a station's profile."""

    station: str
    scale_nt: tuple[float, float, float]
    threshold: float


class FromJson(Deserializer):  # type: ignore[misc]  # its package is not there when this is checked
    """Bytes to `Record`."""

    def __init__(self) -> None:
        super().__init__()
        self._decode = msgspec.json.Decoder(Record).decode

    def __call__(self, value: bytes, ctx: object = None) -> Record:
        """Of one message; its context is not needed."""
        del ctx
        return self._decode(value)


class ToJson(Serializer):  # type: ignore[misc]
    """`Score` to bytes."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode

    def __call__(self, value: Score, ctx: object = None) -> bytes:
        """Of one message; its context is not needed."""
        del ctx
        return self._encode(value)


class Scorer:
    """All stations' windows and the model."""

    def __init__(self, model: Path, profiles: Path, lateness: int) -> None:
        about = msgspec.json.decode(model.with_suffix(".json").read_bytes(), type=Manifest)
        window = about.window
        self._model = Model(about.name, about.version, about.sha256)
        self._shape = Shape(window.samples, window.hop, window.taps, lateness)
        self._session = _session(model)
        self._buffers: dict[str, Buffer] = {}
        self._profiles = {one.station: one for one in map(_profile, profiles.glob("*.json"))}

    def scores(self, record: Record) -> list[Score]:
        """Take a record in and score what is due."""
        if record.cadence != CADENCE or record.iagaCode not in self._profiles:
            return []
        first = _seconds(record.startDate)
        field = np.array(
            (record.geomagneticFieldH, record.geomagneticFieldE, record.geomagneticFieldZ),
            dtype=np.float64,
        ).T
        buffer = self._buffers.get(record.iagaCode)
        if buffer is None:
            buffer = self._buffers[record.iagaCode] = Buffer(self._shape, first)
        ends, windows = buffer.add(first, field)
        return self._scored(record.iagaCode, ends, windows) if ends else []

    def _scored(self, station: str, ends: range, windows: NDArray[np.float64]) -> list[Score]:
        profile = self._profiles[station]
        complete = np.asarray(np.isfinite(windows).all(axis=(1, 2)))
        levelled = (windows - windows.mean(axis=1, keepdims=True)).astype(np.float32)
        scale = np.tile(np.array(profile.scale_nt, np.float32), (len(ends), 1))
        rmse, mae, error = self._session.run(
            ["rmse", "mae", "error"], {"field": levelled, "scale": scale}
        )
        columns = (complete.tolist(), rmse.tolist(), mae.tolist(), error.tolist())
        found = zip(ends, *columns, strict=True)
        return [self._score(profile, *one) for one in found]

    def _score(
        self, profile: Profile, end: int, complete: bool, rmse: float, mae: float,
        error: list[float],
    ) -> Score:  # fmt: skip
        shape = self._shape
        return Score(
            schema_version=2,
            station=profile.station,
            window_start=_utc(end - shape.samples),
            window_end=_utc(end),
            decided=_utc(end + shape.half + shape.lateness),
            model=self._model,
            quality="ok" if complete else "insufficient",
            completeness=1.0 if complete else 0.0,
            rmse=rmse if complete else None,
            mae=mae if complete else None,
            error=Components(*error) if complete else None,
            threshold=profile.threshold if complete else None,
            return_period_days=None,
        )


def _session(model: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _profile(path: Path) -> Profile:
    return msgspec.json.decode(path.read_bytes(), type=Profile)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _utc(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    for name in ("broker", "group", "samples", "scores"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--profiles", required=True, type=Path)
    parser.add_argument("--lateness", type=int, default=60)
    asked = parser.parse_args()
    scorer = Scorer(asked.model, asked.profiles, asked.lateness)
    app = Application(
        broker_address=asked.broker,
        consumer_group=asked.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_interval=5.0,
        consumer_extra_config=CONSUMER,
        producer_extra_config=PRODUCER,
        use_changelog_topics=False,
        loglevel="WARNING",
    )
    samples = app.topic(asked.samples, value_deserializer=FromJson())
    scores = app.topic(asked.scores, value_serializer=ToJson())
    app.dataframe(samples).apply(scorer.scores, expand=True).to_topic(scores)
    app.run()


if __name__ == "__main__":
    main()
