"""Writes the tables of ``docs/performance.md`` from the JSON in ``bench-output``.

Run it with ``python -m bench.document`` after `make bench`: no figure there is copied by hand. A
table stands between ``<!-- table NAME -->`` and ``<!-- end -->``; one that was not measured stays.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bench.report import OUTPUT, Spread, text

PAGE = Path("docs/performance.md")
TABLE = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def markdown(rows: Sequence[Mapping[str, object]]) -> str:
    """A table of all columns."""
    lines = [list(rows[0]), ["-"] * len(rows[0])]
    lines += [[_cell(value) for value in row.values()] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        value = Spread(**value)
        if value.runs == 1:  # nothing to be apart
            value = value.median
    if value is None or isinstance(value, str | int | float | Spread):
        return text(value)
    raise TypeError(f"no cell of a table: {value!r}")


def filled(page: str, measured: Mapping[str, Mapping[str, object]]) -> str:
    """The page with the tables that were measured, each followed by when and on what."""

    def table(found: re.Match[str]) -> str:
        document = measured.get(found[2])
        if document is None:
            return found[0]
        rows = document["rows"]
        assert isinstance(rows, list)
        when = f"\n{document['at_utc']}, {document['cores']} cores, {document['machine']}.\n"
        return f"{found[1]}{markdown(rows)}{when}{found[3]}"

    return TABLE.sub(table, page)


@click.command()
def main() -> None:
    """Write the tables of docs/performance.md anew.

    \b
    Example:
      make bench && python -m bench.document
    """
    measured = {path.stem: json.loads(path.read_text()) for path in OUTPUT.glob("*.json")}
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")
    click.echo(f"{PAGE}: {', '.join(sorted(measured)) or 'nothing was measured'}")


if __name__ == "__main__":
    main()
