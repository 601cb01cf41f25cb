"""What options of several commands take."""

import click

from archive.spans import Span, span_of


class SpanType(click.ParamType):
    """A span of time, ``FROM/TO``; anything else is a usage error that says what is wrong."""

    name = "from/to"

    def convert(
        self, value: str | Span, param: click.Parameter | None, ctx: click.Context | None
    ) -> Span:
        """See `archive.spans.span_of`."""
        try:
            return value if isinstance(value, Span) else span_of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
