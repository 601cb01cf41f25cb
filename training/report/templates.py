"""Jinja templates of the report page and the model card."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape


def template(name: str, **filters: Callable[[Any], object]) -> Template:
    """A template of this package with its filters; text is escaped if it is one of HTML."""
    environment = Environment(
        loader=PackageLoader("training.report", ""),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment.get_template(name)
