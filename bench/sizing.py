"""Past one machine: how evenly stations spread over partitions and workers.

Run it with ``python -m bench.sizing``. The key of a record is its station, and its partition is the
key's hash, so some workers get more stations than others. Every station code is hashed as Kafka's
clients do it, for many networks of invented codes; partitions are dealt out in equal parts.
"""

import string
from collections.abc import Sequence

import click
import numpy as np

from bench.report import Row, publish, spread
from geofield.types import Int64
from monitor.kafka.partitioning import home_of
from support.progress import progress_bar

LETTERS = np.array(list(string.ascii_uppercase))
NETWORKS = ((2_000, 1), (2_000, 2), (10_000, 5), (10_000, 8), (50_000, 32))
PARTITIONS_A_WORKER = (1, 2, 4, 8, 16)
NOTE = """\
Stations of the busiest worker, relative to an even share: median of the networks tried
(lowest-highest). That worker's load is what all of them must be sized for."""


def codes(stations: int, rng: np.random.Generator) -> list[str]:
    """A network of so many different codes of four letters."""
    numbers = rng.choice(len(LETTERS) ** 4, stations, replace=False)
    digits = np.array(np.unravel_index(numbers, (len(LETTERS),) * 4)).T
    return ["".join(LETTERS[row]) for row in digits]


def busiest(network: Sequence[str], partitions: int, workers: int) -> float:
    """Stations of the busiest worker, relative to an even share."""
    homes: Int64 = np.array([home_of(code.encode(), partitions) for code in network])
    stations = np.bincount(homes, minlength=partitions)
    dealt = np.bincount(np.arange(partitions) * workers // partitions, stations)
    return float(dealt.max() * workers / len(network))


@click.command()
@click.option("--networks", type=click.IntRange(1), default=20, show_default=True, help="To try.")
@click.option("--quick", is_flag=True, help="A try: three networks.")
def main(networks: int, quick: bool) -> None:
    """Simulate networks of stations, print a table and write JSON.

    \b
    Example:
      python -m bench.sizing --networks 100
    """
    tries = 3 if quick else networks
    rng = np.random.default_rng(0)
    rows: list[Row] = []
    with progress_bar("networks") as bar:
        task = bar.add_task("sizing", total=tries * len(NETWORKS))
        for stations, workers in NETWORKS:
            found: dict[int, list[float]] = {each: [] for each in PARTITIONS_A_WORKER}
            for _ in range(tries):
                network = codes(stations, rng)
                for each, loads in found.items():
                    loads.append(busiest(network, each * workers, workers))
                bar.advance(task)
            loaded = {f"{each} partitions each": spread(one) for each, one in found.items()}
            rows.append({"stations": stations, "workers": workers, **loaded})
    publish("sizing", rows, {"networks": tries}, NOTE)


if __name__ == "__main__":
    main()
