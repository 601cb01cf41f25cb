"""Tables where nobody watches: whole lines, and cells as they are."""

import pytest

from support.table import plain_table, print_table


def test_a_table_that_goes_to_a_file_is_neither_folded_nor_marked_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = plain_table(["station", "reason"], ["score"])
    table.add_row("WIC", "[red]" + "x" * 400, "1.5")
    table.add_row("HON", "y", "12.25")
    print_table(table)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["station", "reason", "score"]
    assert [row.split() for row in rows] == [
        ["WIC", "[red]" + "x" * 400, "1.5"],
        ["HON", "y", "12.25"],
    ]
    assert rows[0].rstrip().rindex("5") == rows[1].rstrip().rindex("5")  # figures end together
