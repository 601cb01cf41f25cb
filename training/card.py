"""The model card: Markdown made from the manifest alone, so no figure in it is typed by hand."""

from collections.abc import Sequence

from geofield.manifest import Manifest
from training.baselines import BASELINES
from training.metrics import CONTROL, NEGATIVE, key

_LEARNED = (NEGATIVE, CONTROL)
_METHODS = (*_LEARNED, *BASELINES)


def render_card(manifest: Manifest) -> str:
    """The whole card."""
    families, snr = _columns(manifest)
    parts = [
        _heading(manifest),
        _what_it_is(manifest),
        _data(manifest),
        _classes(manifest),
        _results(manifest, families, snr),
        _seeds(manifest, families, snr),
        _statistic(manifest, families, snr),
        _LIMITATIONS,
        _remarks(manifest),
        _reproduction(manifest),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _columns(manifest: Manifest) -> tuple[list[str], list[float]]:
    """Families and signal/noise that were judged, in the order of judgement."""
    cells = [name.split(".", 2)[1:] for name in manifest.metrics if name.startswith(f"{NEGATIVE}.")]
    marked = [cell for cell in cells if len(cell) == 2 and cell[1].startswith("snr")]
    families = list(dict.fromkeys(family for family, _ in marked))
    snr = sorted({float(rest[3:].rpartition(".")[0]) for _, rest in marked})
    return families, snr


def _heading(manifest: Manifest) -> str:
    return (
        f"# {manifest.name} {manifest.version}\n\n"
        f"**Verdict: {manifest.skill}.**\n\n"
        "This model says how unusual a window of the magnetic field is. It does not predict "
        "earthquakes."
    )


def _what_it_is(manifest: Manifest) -> str:
    window = manifest.window
    cadence_s = window.cadence_ms / 1000
    scale = ", ".join(
        f"{name} {value:.4f}"
        for name, value in zip(manifest.components, manifest.reference_scale_nt, strict=True)
    )
    return (
        "## What it is\n\n"
        "A bidirectional LSTM autoencoder trained by negative learning (doi "
        "10.32604/cmc.2025.066421). The score of a window is the root mean square of its "
        "reconstruction error, in units of the station's own scale. A reconstruction is limited to "
        "the root mean square of its window, so that no error is larger than twice the signal.\n\n"
        f"- Input: {'/'.join(manifest.components)} in nT every {cadence_s:g} s, windows of "
        f"{window.samples} samples, {window.taps - 1} more for the filter.\n"
        f"- Filter inside the graph: {window.low_hz:g}-{window.high_hz:g} Hz, {window.taps} taps "
        f"that sum to zero; the network sees one sample in {window.step}.\n"
        f"- Scale of the training station (1.4826 MAD of the band-passed field), nT: {scale}.\n"
        f"- sha256 of the file: `{manifest.sha256}`"
    )


def _data(manifest: Manifest) -> str:
    source, metrics = manifest.provenance, manifest.metrics
    files = "\n".join(f"- `{name}`: sha256 `{sha}`" for name, sha in source.files_sha256.items())
    rows = "\n".join(
        f"| {use} | {', '.join(days)} | {metrics[f'windows.{use}']:.0f} |"
        for use, days in (
            ("train", source.train_days),
            ("validation", source.validation_days),
            ("test", source.test_days),
        )
    )
    return (
        f"## Data\n\nStation {source.station}. {source.source} Licence: {source.licence}\n\n"
        f"{files}\n\n| use | UTC days | windows |\n|-|-|-|\n{rows}\n\n"
        "A window belongs to a day only with its whole span, the filter's margins included, so no "
        "sample is in two of them. Training uses the non-seismic windows only; validation and test "
        "use all complete windows, quiet and disturbed alike. Weights, stopping and the choice "
        "among seeds were decided on the validation days. No data of the Conrad Observatory "
        "trained this model (see Limitations)."
    )


def _classes(manifest: Manifest) -> str:
    return (
        "## Classes\n\n"
        f"- Non-seismic: {manifest.provenance.non_seismic}.\n"
        "- Both are varied at random in training (strength, balance, coupling and phase of the "
        "components, windows laid over each other), so that the background of other stations is "
        "less of a surprise.\n"
        f"- Seismic: {manifest.provenance.seismic}. No labelled 1-second records of earthquakes "
        "were at hand, so **the seismic class is synthetic**.\n\n"
        "Transients are linearly polarized in a random direction of space and begin at random. "
        "Damped oscillation: 0.008-0.08 Hz (log-uniform), decay by 1/e in 20-120 s, onset over "
        "4 s. Noise burst: white noise limited to 0.01-0.09 Hz under a Hann envelope of 40-200 s. "
        "Wave train: 150-1500 s long, rising and falling over a quarter of that, a pure "
        "oscillation or noise 0.25-1.2 octaves wide around 0.008-0.08 Hz. "
        "Chirp: upward sweep by 1.5 to 3 times from 0.01-0.04 Hz under a Hann envelope of "
        "60-200 s. Pulse: derivative of a Gaussian, 6-25 s from centre to peak. In training they "
        "may be cut by an edge of the window; in judgement they lie mostly inside. Signal/noise is "
        "the peak of the transient, as added and before any filter, in its dominant component (the "
        "largest in nT) over 1.4826 MAD of the station's band-passed background in that component."
    )


def _results(manifest: Manifest, families: Sequence[str], snr: Sequence[float]) -> str:
    return (
        "## Results on the test days\n\n"
        "Every window is judged as recorded and with a transient added, by the published seed "
        f"({manifest.recipe['seed']}). Trained on: {_trained_on(manifest, families)}; never seen "
        f"in training: {_unseen(manifest, families)}.\n\n"
        f"AUC at signal/noise {_listed(snr)}:\n\n"
        f"{_table(manifest, families, snr, 'auc', 3)}\n\n"
        "Share of transients found when 1 % of the windows without one are flagged, same "
        f"columns:\n\n{_table(manifest, families, snr, 'found', 2)}\n\n"
        f"Scores of the windows without one: {_levels(manifest)}. They describe this station only: "
        "every station is calibrated by itself."
    )


def _levels(manifest: Manifest) -> str:
    return ", ".join(
        f"{share} % below {manifest.metrics[f'rmse.q{share}']:.2f}" for share in (50, 90, 99)
    )


def _table(
    manifest: Manifest, families: Sequence[str], snr: Sequence[float], what: str, digits: int
) -> str:
    lines = [f"| | {' | '.join(families)} |", f"|-|{'-|' * len(families)}"]
    for method in _METHODS:
        cells = [
            " / ".join(
                f"{manifest.metrics[key(method, family, one, what)]:.{digits}f}" for one in snr
            )
            for family in families
        ]
        lines.append(f"| {_label(method)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _seeds(manifest: Manifest, families: Sequence[str], snr: Sequence[float]) -> str:
    lines = [f"| | {' | '.join(families)} |", f"|-|{'-|' * len(families)}"]
    for method in _LEARNED:
        cells = [
            " / ".join(_range(manifest, method, family, one) for one in snr) for family in families
        ]
        lines.append(f"| {_label(method)} | {' | '.join(cells)} |")
    seeds = ", ".join(_seed_names(manifest))
    return (
        f"## How far the seeds agree\n\nLowest-highest AUC over seeds {seeds}, same columns:\n\n"
        + "\n".join(lines)
    )


def _range(manifest: Manifest, method: str, family: str, snr: float) -> str:
    low, high = (
        manifest.metrics[key(method, family, snr, what)] for what in ("auc_low", "auc_high")
    )
    return f"{low:.3f}-{high:.3f}"


def _seed_names(manifest: Manifest) -> list[str]:
    begin, end = f"{NEGATIVE}.seed", ".validation_auc"
    return [
        name.removeprefix(begin).removesuffix(end)
        for name in manifest.metrics
        if name.startswith(begin) and name.endswith(end)
    ]


def _statistic(manifest: Manifest, families: Sequence[str], snr: Sequence[float]) -> str:
    rows = [f"| | {' | '.join(f'{family}, all | {family}, apart' for family in families)} |"]
    rows.append(f"|-|{'-|-|' * len(families)}")
    for method in _METHODS:
        cells = [
            f"{_p(manifest, method, family, snr[0], 'p')} | "
            f"{_p(manifest, method, family, snr[0], 'p_apart')}"
            for family in families
        ]
        rows.append(f"| {_label(method)} | {' | '.join(cells)} |")
    metrics = manifest.metrics
    return (
        "## The paper's statistic\n\n"
        f"Mann-Whitney U of the two classes, two-sided p, at signal/noise {snr[0]:g}. *All*: all "
        f"{metrics['windows.test']:.0f} windows, taken as independent as the paper does. They are "
        "not: neighbours share most of their samples, and one disturbance fills many. *Apart*: "
        f"{metrics['windows.test_apart']:.0f} windows that share no sample. Either says that a "
        "difference is there, not that it is large enough to be of use: the AUC says that.\n\n"
        + "\n".join(rows)
    )


def _p(manifest: Manifest, method: str, family: str, snr: float, what: str) -> str:
    return f"{manifest.metrics[key(method, family, snr, what)]:.1e}"


def _remarks(manifest: Manifest) -> str:
    remarks = manifest.recipe.get("remarks", "").splitlines()
    if not remarks:
        return ""
    return "## How the recipe was found\n\n" + "\n".join(f"- {remark}" for remark in remarks)


def _reproduction(manifest: Manifest) -> str:
    facts = manifest.recipe
    return (
        "## Made again\n\n"
        f"`magwatch train training/recipes/{facts['file']} --data FOLDER`, with the files above in "
        f"FOLDER. Recipe sha256 `{facts['sha256']}`, PyTorch {facts['torch']}, numpy "
        f"{facts['numpy']}, Python {facts['python']}, {facts['machine']}. On one machine it gives "
        "the same weights every time; on another, weights that agree as the seeds above do."
    )


def _label(method: str) -> str:
    return {NEGATIVE: "**negative learning**", CONTROL: "plain autoencoder (lambda = 0)"}.get(
        method, method
    )


def _listed(snr: Sequence[float]) -> str:
    return " / ".join(f"{one:g}" for one in snr)


def _trained_on(manifest: Manifest, families: Sequence[str]) -> str:
    return ", ".join(family for family in families if family in manifest.provenance.seismic)


def _unseen(manifest: Manifest, families: Sequence[str]) -> str:
    unseen = [family for family in families if family not in manifest.provenance.seismic]
    return ", ".join(unseen) or "none"


_LIMITATIONS = """\
## Limitations

- No earthquake was evaluated. How the model does on synthetic transients says nothing about
  whether anything precedes earthquakes.
- One station and a few days of one season. The threshold does not carry to another station:
  every station is calibrated by itself. Where natural pulsations are stronger than there,
  or shaped otherwise, less of this table holds.
- The transients are linearly polarized and drawn from a few simple families; natural pulsations,
  traffic, pumps and sensor faults can look like any of them. An anomaly is not a cause.
- A transient of signal/noise 1 or 2 is mostly missed at any threshold worth living with.
- Test days follow the training days directly and are mostly quiet; a storm is not among them."""
