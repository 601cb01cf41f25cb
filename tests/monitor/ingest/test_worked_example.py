"""The worked example of docs/sources.md, as it stands there, brings a logger's lines."""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from archive.recording import Recording
from geofield.utc import time_ms, utc
from monitor.ingest.manner import PUSHED, Manner
from monitor.ingest.parsing import recording_of
from monitor.ingest.source import Deliver, SampleSource, SourceMessage
from monitor.ingest.stations import StationPlan
from tests.data import CHECKOUT
from tests.monitor.feeds import station
from tests.monitor.ingest.local import local_intake, rows_of

RECORDING = station("WIC", 1, 1, elements="XYZ")
OFFERED: dict[str, Any] = {
    "Deliver": Deliver, "Manner": Manner, "PUSHED": PUSHED, "Path": Path, "Recording": Recording,
    "Sequence": Sequence, "SourceMessage": SourceMessage, "StationPlan": StationPlan,
    "asyncio": asyncio, "dataclass": dataclass, "np": np, "os": os, "recording_of": recording_of,
    "time_ms": time_ms,
}  # fmt: skip


def example() -> str:
    """The code of the section."""
    text = (CHECKOUT / "docs" / "sources.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text.partition("## Add a source")[2], re.DOTALL)
    return str(code)


def test_a_source_of_forty_lines_brings_a_loggers_lines(tmp_path: Path) -> None:
    code = example()
    assert len(code.splitlines()) <= 40
    names = dict(OFFERED)
    exec(compile(code, "docs/sources.md", "exec", dont_inherit=True), names)  # noqa: S102 - ours
    columns = RECORDING.elements.values()
    lines = [
        " ".join([utc(RECORDING.start_ms + 1000 * number), *map(str, row)])
        for number, row in enumerate(zip(*(values.tolist() for values in columns), strict=True))
    ]
    path = tmp_path / "logger.txt"
    path.write_text("".join(line + "\n" for line in lines[:40]))

    async def run() -> None:
        toml = f'[WIC]\nfrom = "folder:{tmp_path}"'
        async with local_intake(tmp_path, toml, lambda: 0) as local:
            feed = local.intake.feeds["WIC"]
            source: SampleSource = names["LoggerSource"](local.sources[0].name, [feed.plan], path)
            assert (await source.check()).endswith("bytes")
            listening = asyncio.create_task(source.listen(partial(local.intake.deliver, source)))
            with path.open("a") as logger:
                logger.write(f"no line of data\n{lines[40][:9]}")
                logger.flush()
                await asyncio.sleep(0.1)
                logger.write(f"{lines[40][9:]}\n")
                logger.writelines(line + "\n" for line in lines[41:])
            while len(local.rows()) < len(RECORDING):
                await asyncio.sleep(0.05)
            listening.cancel()
            assert local.rows() == rows_of(RECORDING)

    asyncio.run(asyncio.wait_for(run(), 30))
