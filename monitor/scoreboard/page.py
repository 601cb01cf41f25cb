"""The scoreboard as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from monitor.records.scoreboards import FiguresRow, ScoreboardDocument

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid #8884; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.verdict { font-size: 1.3rem; font-weight: 600; }
.says, .note { border-left: 4px solid #c50; padding-left: 1rem; }
code { font-size: .85em; overflow-wrap: anywhere; }
svg { max-width: 26rem; width: 100%; height: auto; }
svg text { font-size: 11px; fill: currentColor; }
"""
HEAD = (
    "station", "earthquakes", "hits", "misses", "share of time under alarm",
    "95 % of hits by chance",
    "binomial p", "shuffled p", "alarms", "right", "false", "open", "no data", "days with data",
)  # fmt: skip
SIDE = 300  # of the Molchan diagram


def page(made: ScoreboardDocument) -> str:
    """The page of a scoreboard."""
    title = f"Scoreboard {made.protocol.name}"
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="says">{escape(made.says)}</p>',
            *(f'<p class="note">{escape(note)}</p>' for note in made.notes),
            f'<p class="verdict">{escape(made.verdict.words)}</p>',
            _about(made),
            "<h2>Alarms and earthquakes</h2>",
            _table(HEAD, _rows(made)),
            _molchan(made),
            *_section("Rule of success", ("rule", "measured", "met"), _criteria(made)),
            *_section("Controls in the same time", ("control", "hits", "p"), _control(made)),
            *_section(
                "Refused: published after the earthquake",
                ("alarm", "station", "claims", "published", "earthquake", "origin"),
                (
                    (one.alert_id, one.station, one.event_time, one.published, one.earthquake,
                     one.origin)
                    for one in made.refused
                ),
            ),
            *_section(
                "Alarms",
                ("published", "station", "class", "begin", "end", "outcome", "earthquakes", "id"),
                (
                    (one.published, one.station, one.classification, one.begin, one.end,
                     one.outcome, " ".join(one.earthquakes), one.alert_id)
                    for one in made.alarms
                ),
            ),
            *_section(
                "Earthquakes that count",
                ("time", "magnitude", "latitude", "longitude", "stations", "met", "id"),
                (
                    (one.time, one.magnitude, one.latitude_deg, one.longitude_deg,
                     " ".join(one.stations), "alarm" if one.alarms else "none", one.id)
                    for one in made.earthquakes
                ),
            ),
            "</body></html>",
            "",
        )
    )  # fmt: skip


def _about(made: ScoreboardDocument) -> str:
    state = made.catalogue
    rows = (
        ("scored", f"{made.scored_from} to {made.scored_until}, asked for {made.at}"),
        ("registration", made.registration),
        ("published", f"{made.registered} by the {made.dated_by}'s clock"),
        ("model", f"{made.model.name} {made.model.version}, {made.model.sha256}"),
        (
            "catalogue",
            f"{state.revisions:,} revisions known, the newest {state.newest or 'none'}; "
            f"{state.settled:,} earthquakes settled; state {state.sha256}",
        ),
        (
            "verdict",
            f"taken on the hours up to {made.verdict.decided_until}"
            if made.verdict.decided_until
            else "not taken yet",
        ),
    )  # fmt: skip
    return _table(("", ""), rows)


def _rows(made: ScoreboardDocument) -> list[Sequence[object]]:
    rows = [("all together", made.together), *made.stations.items()]
    return [_figures(name, row) for name, row in rows]


def _figures(name: str, row: FiguresRow) -> Sequence[object]:
    days = f"{row.days_with_data:,.0f} of {row.days:,.0f}".replace(" ", "\N{NO-BREAK SPACE}")
    share = "" if row.alarm_share is None else f"{row.alarm_share:.1%}"
    return (
        name, row.events, row.hits, row.misses, share, f"{row.chance_low}-{row.chance_high}",
        f"{row.p_binomial:.3g}", f"{row.p_shuffled:.3g}", row.alarms, row.right, row.false,
        row.open, row.without_data, days,
    )  # fmt: skip


def _criteria(made: ScoreboardDocument) -> list[Sequence[object]]:
    return [(one.rule, one.measured, "yes" if one.met else "no") for one in made.verdict.criteria]


def _control(made: ScoreboardDocument) -> list[Sequence[object]]:
    return [
        (
            one.name,
            f"not run: {one.why_not}" if one.hits is None else f"{one.hits:.3g}",
            "" if one.p is None else f"{one.p:.3g}",
        )
        for one in made.controls
    ]


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> tuple[str, ...]:
    shown = list(rows)
    return (f"<h2>{escape(title)}</h2>", _table(head, shown)) if shown else ()


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    number = ' class="number"' if isinstance(value, int | float) else ""
    return f"<td{number}>{escape(str(value))}</td>"


def _molchan(made: ScoreboardDocument) -> str:
    """The Molchan diagram: the point of all together with its interval, and those of stations."""
    marks = [
        _point(row, radius, name)
        for name, row, radius in (
            *((name, row, 3) for name, row in made.stations.items()),
            ("all together", made.together, 6),
        )
    ]
    row = made.together
    if row.alarm_share is not None:
        x = row.alarm_share * SIDE
        low, high = (1 - row.hit_high) * SIDE, (1 - row.hit_low) * SIDE
        marks.append(f'<path d="M{x:.1f} {SIDE - low:.1f}V{SIDE - high:.1f}" stroke="#c50"/>')
    return (
        f'<svg viewBox="-40 -10 {SIDE + 60} {SIDE + 50}" role="img">'
        "<title>Molchan diagram: share of missed earthquakes against share of time under alarm; "
        "the line is chance</title>"
        f'<path d="M0 0V{SIDE}H{SIDE}M0 0L{SIDE} {SIDE}" fill="none" stroke="currentColor"/>'
        f'<text x="0" y="{SIDE + 30}">share of time under alarm, 0 to 1</text>'
        f'<text transform="translate(-12 {SIDE}) rotate(-90)">share missed, 0 to 1</text>'
        f"{''.join(marks)}</svg>"
    )


def _point(row: FiguresRow, radius: int, name: str) -> str:
    if row.alarm_share is None or row.miss_share is None:
        return ""
    x, y = row.alarm_share * SIDE, (1 - row.miss_share) * SIDE
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="#c50" fill-opacity=".6">'
        f"<title>{escape(name)}</title></circle>"
    )
