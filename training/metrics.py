"""Names of the measured figures in the manifest: written once, read by the model card and tests.

``<method>.<family>.snr<snr>.<what>``; `what` is ``auc``, ``found``, ``p`` or ``p_apart`` of the
published model, or ``auc_low``, ``auc_high``, ``found_low``, ``found_high`` over all seeds.
"""

from collections.abc import Mapping, Sequence

from training.evaluate import Figure

NEGATIVE, CONTROL, BASELINE = "negative learning", "plain autoencoder", "baseline"


def key(method: str, family: str, snr: float, what: str) -> str:
    """Name of one figure."""
    return f"{method}.{family}.snr{snr:g}.{what}"


def flatten(
    by_seed: Mapping[tuple[str, int], Sequence[Figure]], published_seed: int
) -> dict[str, float]:
    """Figures of all arms, by (method, seed), as one flat table."""
    table: dict[str, float] = {}
    for (_, seed), figures in by_seed.items():
        for figure in figures:
            if seed == published_seed:
                table |= _published(figure)
            _widen(table, figure)
    return {name: round(value, 6) if value > 1e-4 else value for name, value in table.items()}


def _published(figure: Figure) -> dict[str, float]:
    def name(what: str) -> str:
        return key(figure.method, figure.family, figure.snr, what)

    return {
        name("auc"): figure.auc,
        name("found"): figure.found,
        name("p"): figure.p_value,
        name("p_apart"): figure.p_value_apart,
    }


def _widen(table: dict[str, float], figure: Figure) -> None:
    """Extend the range over seeds; a method without seeds has a range of one value."""
    for what, value in (("auc", figure.auc), ("found", figure.found)):
        low, high = (
            key(figure.method, figure.family, figure.snr, f"{what}_{end}")
            for end in ("low", "high")
        )
        table[low] = min(table.get(low, value), value)
        table[high] = max(table.get(high, value), value)
