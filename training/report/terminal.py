"""The ablation as a table in the terminal."""

from collections.abc import Sequence

from training.evaluation import Ablation

_HEAD = (
    *("loss", "lambda", "margin", "softness", "scale", "AUC", "found"),
    *("night", "day", "spread", "elsewhere"),
)


def ablation_table(rows: Sequence[Ablation]) -> str:
    """One line for each arm, the best AUC first; a collapsed network is named as such."""
    lines = [_HEAD, *(_line(row) for row in sorted(rows, key=lambda row: -row.auc))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _line(row: Ablation) -> tuple[str, ...]:
    return (
        row.loss + (" (collapsed)" if row.collapsed else ""),
        f"{row.weight:g}",
        f"{row.margin:g}",
        "-" if row.softness is None else f"{row.softness:g}",
        row.scale_policy,
        f"{row.auc:.3f}",
        f"{row.found:.2f}",
        *(f"{share:.1%}" for share in (row.night_share, row.day_share, row.daily_spread)),
        "-" if row.elsewhere_share is None else f"{row.elsewhere_share:.1%}",
    )
