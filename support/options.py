"""Options that several commands share."""

from datetime import datetime
from pathlib import Path

import click

from geofield.utc import moment_ms
from support.spans import Span, span_of


class SpanType(click.ParamType):
    """Option type of a span of time or days; wrong values are usage errors with the reason."""

    name = "day|first/last|from/to"

    def convert(
        self, value: str | Span, param: click.Parameter | None, ctx: click.Context | None
    ) -> Span:
        """See `support.spans.span_of`."""
        try:
            return value if isinstance(value, Span) else span_of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DAY = click.DateTime(["%Y-%m-%d"])
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"])


def between(begin: datetime | None, end: datetime | None) -> Span:
    """The span from one moment to another, UTC; without an end where it is None."""
    everything = Span()
    return Span(
        moment_ms(begin) if begin else everything.start_ms,
        moment_ms(end) if end else everything.end_ms,
    )


leave_out = click.option(
    "--leave-out",
    type=SpanType(),
    multiple=True,
    help="Data to leave out because they are not the field: a day (2024-03-09), days "
    "(2024-03-09/2024-03-11) or moments (2024-03-09T11:15/2024-03-09T11:18), UTC; may be repeated.",
)

model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="ONNX file, or a shipped model's name; else ulf-1hz.",
)

kp_file_option = click.option(
    "--kp-file",
    type=click.Path(path_type=Path),
    help="Kp of days that the installed table does not have: GFZ's Kp_ap_since_1932.txt, its "
    "Kp_ap_Ap_SN_F107_since_1932.txt, or a CSV with columns interval_start_utc and Kp; packed too.",
)
