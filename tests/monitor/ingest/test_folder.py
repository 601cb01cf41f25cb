"""Files that are dropped into a folder, whole, half, growing and wrong."""

import asyncio
import shutil
from functools import partial
from math import isnan
from pathlib import Path

from archive.observatory import read_file
from tests.data import conrad
from tests.monitor.feeds import station
from tests.monitor.ingest.local import Local, local_intake, rows_of
from tests.monitor.ingest.test_web import until
from tests.monitor.ingest.web_services import iaga2002

SECONDS = station("WIC", 4, 1, elements="XYZ")


def file_of(minutes: slice) -> str:
    """IAGA-2002 of some of the minutes."""
    first_ms = SECONDS.start_ms + minutes.start * 60_000
    return iaga2002(SECONDS.between(first_ms, SECONDS.start_ms + minutes.stop * 60_000))


def play(folder: Path, acts: list) -> Local:
    """Run a folder source while the acts write into the folder."""
    drop = folder / "drop"
    drop.mkdir()

    async def run() -> Local:
        toml = f'[WIC]\nfrom = "folder:{drop}"'
        async with local_intake(folder, toml, lambda: SECONDS.end_ms) as local:
            (source,) = local.sources
            listening = asyncio.create_task(source.listen(partial(local.intake.deliver, source)))
            for act, reached in acts:
                act(drop)
                await until(partial(reached, local))
            listening.cancel()
            return local

    return asyncio.run(run())


def test_files_are_read_when_they_are_whole_and_again_when_they_grow(tmp_path: Path) -> None:
    half = file_of(slice(0, 1))
    cut = half[: len(half) - 30]

    def write_half(drop: Path) -> None:
        (drop / "a.sec").write_text(cut)
        (drop / "b.sec.part").write_text("anything")
        (drop / ".hidden").write_text("anything")

    def still_waiting(local: Local) -> bool:
        (source,) = local.sources
        return len(source._seen) == 1 and not source._read

    local = play(
        tmp_path,
        [
            (write_half, still_waiting),
            (lambda drop: (drop / "a.sec").write_text(half), lambda it: len(it.rows()) == 60),
            (
                lambda drop: (drop / "a.sec").write_text(file_of(slice(0, 2))),
                lambda it: len(it.rows()) == 120,
            ),
            (
                lambda drop: (drop / "b.sec").write_text(file_of(slice(1, 4))),
                lambda it: len(it.rows()) == 240,
            ),
        ],
    )
    assert local.rows() == rows_of(SECONDS)
    assert not local.watch.problems


def test_a_wrong_file_is_said_and_holds_up_nothing(tmp_path: Path) -> None:
    def write(drop: Path) -> None:
        (drop / "a.sec").write_text("<html>")
        (drop / "b.sec").write_text(file_of(slice(0, 1)).replace("WIC", "BOU"))
        (drop / "c.sec").write_text(file_of(slice(0, 1)))

    local = play(tmp_path, [(write, lambda it: len(it.rows()) == 60)])
    assert local.rows() == rows_of(SECONDS.between(SECONDS.start_ms, SECONDS.start_ms + 60_000))
    metric = local.watch.metrics.refused.labels(local.sources[0].name)
    assert metric._value.get() == 2


def test_a_folder_that_is_not_there_is_a_problem_until_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        folder = tmp_path / "later"
        async with local_intake(tmp_path, f'[WIC]\nfrom = "folder:{folder}"', lambda: 0) as local:
            (source,) = local.sources
            listening = asyncio.create_task(source.listen(partial(local.intake.deliver, source)))
            await until(lambda: "no such" in local.watch.problems.get(source.name, ""))
            folder.mkdir()
            await until(lambda: not local.watch.problems)
            listening.cancel()

    asyncio.run(run())


def test_a_day_in_imagcdf_goes_out_whole(tmp_path: Path) -> None:
    storm = conrad("example4.cdf")

    async def run() -> None:
        toml = f'[WIC]\nfrom = "folder:{tmp_path / "drop"}"'
        (tmp_path / "drop").mkdir()
        shutil.copy(storm, tmp_path / "drop")
        async with local_intake(tmp_path, toml, lambda: 0, once=True) as local:
            (source,) = local.sources
            await source.listen(partial(local.intake.deliver, source))
            await local.intake.outbox.empty()
            whole = read_file(storm)
            vector = {name: whole.elements[name] for name in "HEZ"}
            columns = zip(*(values.tolist() for values in vector.values()), strict=True)
            times = range(whole.start_ms, whole.end_ms, 1000)
            known = [row for row in zip(times, columns, strict=True) if not isnan(row[1][0])]
            assert len(known) > 250_000
            assert local.rows() == known  # every digit

    asyncio.run(run())
