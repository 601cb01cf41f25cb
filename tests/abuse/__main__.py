"""The sustained abuse run: ``python -m tests.abuse`` (`make abuse`)."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict, Unpack

import click

from tests.abuse.kinds import KINDS
from tests.abuse.plan import Plan, Round
from tests.abuse.report import as_json, page
from tests.abuse.run import TIMES, abuse
from tests.abuse.services import HTTP
from tests.abuse.transactions import TRANSACTIONS
from tests.brokers import KafkaProcess, NoKafka, kafka_jars
from tests.chaos.workload import station_pieces

ALL = (*KINDS, *TRANSACTIONS, HTTP)
GAP_S = (4.0, 12.0)  # from one kill or standstill to the next
QUICK_S, QUICK_STATIONS, QUICK_WORKERS, QUICK_GAP_S = 30.0, 8, 2, (7.0, 15.0)
HOURS = 3  # of data of each station


class Options(TypedDict):
    """Options of the command, as click hands them over."""

    seed: int
    minutes: float
    stations: int
    workers: int
    rate_hz: float
    only: tuple[str, ...]
    without: tuple[str, ...]
    times: tuple[str, ...]
    quick: bool
    output: Path
    keep: Path | None


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another one, other abuse.")
@click.option("--minutes", type=float, default=10.0, show_default=True, help="All rounds together.")
@click.option("--stations", type=click.IntRange(1, 40), default=40, show_default=True)
@click.option("--workers", type=int, default=3, show_default=True, help="At any time.")
@click.option(
    "--rate", "rate_hz", type=float, default=30.0, show_default=True, help="Hostile batches/s."
)
@click.option("--only", type=click.Choice(ALL), multiple=True, help="Only these kinds of abuse.")
@click.option("--without", type=click.Choice(ALL), multiple=True, help="All kinds but these.")
@click.option(
    "--times",
    type=click.Choice([*TIMES]),
    multiple=True,
    default=[*TIMES],
    show_default=True,
    help="Whose timestamps the samples topic keeps; a round for each.",
)
@click.option("--quick", is_flag=True, help="Half a minute each round, 8 stations, 2 workers.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default="abuse.json",
    show_default=True,
    help="The report as JSON.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for logs and profiles; else they are removed.",
)
def main(**options: Unpack[Options]) -> None:
    """Stream honest stations while hostile producers write to every topic and workers are killed.

    Honest scores and alerts are compared byte for byte with the offline path; memory, exits and
    dead letters are accounted for. The exit status is 1 if anything is off.

    \b
    Example:
      python -m tests.abuse --minutes 1 --without bombs --seed 7
      python -m tests.abuse --quick --only header-keys --times broker
    """
    rounds: list[Round] = []
    with TemporaryDirectory() as temporary:
        folder = options["keep"] or Path(temporary)
        for plan in _plans(options):
            stations = QUICK_STATIONS if options["quick"] else options["stations"]
            rounds.append(_round(plan, stations, folder / plan.times))
    click.echo(page(rounds))
    options["output"].write_text(as_json(rounds))
    sys.exit(any(one.faults for one in rounds))


def _plans(options: Options) -> list[Plan]:
    kinds = [kind for kind in options["only"] or ALL if kind not in options["without"]]
    seconds = options["minutes"] * 60 / len(options["times"])
    workers, gap_s = options["workers"], GAP_S
    if options["quick"]:
        seconds, workers, gap_s = QUICK_S, QUICK_WORKERS, QUICK_GAP_S
    return [
        Plan(options["seed"], seconds, workers, kinds, options["rate_hz"], times, gap_s)
        for times in options["times"]
    ]


def _round(plan: Plan, stations: int, folder: Path) -> Round:
    def say(line: str) -> None:
        click.echo(f"{plan.times}: {line}", err=True)

    (folder / "kafka").mkdir(parents=True)
    try:
        with KafkaProcess(kafka_jars(), folder / "kafka") as kafka:
            say("streaming")
            return abuse(station_pieces(stations, HOURS), kafka.address, plan, folder / "site", say)
    except NoKafka as reason:
        raise click.ClickException(str(reason)) from None


if __name__ == "__main__":
    main()
