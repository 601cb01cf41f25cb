"""The ablation as a table in the terminal."""

from collections.abc import Sequence

from rich.table import Table

from support.table import plain_table
from training.results import Ablation


def ablation_table(rows: Sequence[Ablation]) -> Table:
    """Table with a line for each arm, the best AUC first; collapsed networks are marked."""
    table = plain_table(
        ("loss", "scale"),
        ("lambda", "margin", "softness", "AUC", "found", "night", "day", "spread", "elsewhere"),
    )
    for row in sorted(rows, key=lambda row: -row.auc):
        table.add_row(*_line(row))
    return table


def _line(row: Ablation) -> tuple[str, ...]:
    return (
        row.loss + (" (collapsed)" if row.collapsed else ""),
        row.scale_policy,
        f"{row.weight:g}",
        f"{row.margin:g}",
        "-" if row.softness is None else f"{row.softness:g}",
        f"{row.auc:.3f}",
        f"{row.found:.2f}",
        *(f"{share:.1%}" for share in (row.night_share, row.day_share, row.daily_spread)),
        "-" if row.elsewhere_share is None else f"{row.elsewhere_share:.1%}",
    )
