"""HTML of the pages about the past. Text is escaped wherever it is put in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from geofield.utc import DAY_MS, utc

SAYS = (
    "magwatch does not predict earthquakes. An alert says that the field at one station departs "
    "from what is usual there, no more."
)


class Markup(str):
    """Text that is HTML already; all other text is escaped."""

    __slots__ = ()


Content = str | Iterable["Content"] | None


def tag(name: str, *content: Content, **attributes: str | None) -> Markup:
    """An element; an attribute `class_` is `class`, `data_x` is `data-x`, None is left out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{pairs}>{markup(*content)}</{name}>")


def markup(*content: Content) -> Markup:
    """Contents after each other."""
    return Markup("".join(map(_one, content)))


def _one(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content if isinstance(content, Markup) else escape(content)
    return markup(*content)


def link(address: str, *content: Content, **attributes: str | None) -> Markup:
    """A link."""
    return tag("a", *content, href=address, **attributes)


def facts(rows: Iterable[tuple[str, Content]]) -> Markup:
    """A list of names with what they are; what is empty is left out."""
    return tag(
        "dl",
        (tag("div", tag("dt", name), tag("dd", value)) for name, value in rows if value),
        class_="facts",
    )


def table(head: Sequence[str], rows: Iterable[Sequence[Content]], label: str) -> Markup:
    """A table that can be scrolled on a narrow screen."""
    names = tag("tr", (tag("th", name, scope="col") for name in head))
    body = (tag("tr", (tag("td", cell) for cell in row)) for row in rows)
    whole = tag("table", tag("thead", names), tag("tbody", body))
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=label)


def warnings(words: Sequence[str]) -> Markup:
    """What could not be read; nothing if all was."""
    if not words:
        return Markup()
    items = tag("ul", (tag("li", word) for word in words))
    return tag("div", tag("p", "Some of it could not be read:"), items, class_="notices")


def page(title: str, up: str, *content: Content) -> bytes:
    """A whole page; `up` is the way to the live page's folder, as in ``../../``."""
    head = markup(
        Markup('<meta charset="utf-8">'),
        tag("title", f"{title} - magwatch"),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup(f'<link rel="icon" href="{up}static/icon.svg" type="image/svg+xml">'),
        *(
            Markup(f'<link rel="stylesheet" href="{up}static/{name}.css">')
            for name in ("colours", "page", "station", "past")
        ),
    )
    skip = link("#content", "Skip to the content", class_="skip")
    top = tag(
        "header",
        tag("p", link(f"{up}.", "magwatch"), class_="brand"),
        tag("nav", link(f"{up}.", "Live page"), aria_label="magwatch"),
        class_="top",
    )
    main = tag("main", *content, id="content", class_="past", tabindex="-1")
    body = tag("body", skip, top, main, tag("footer", tag("p", SAYS)))
    return f"<!doctype html>\n{tag('html', tag('head', head), body, lang='en')}\n".encode()


def moment(at_ms: int) -> str:
    """A time to the second, as ``2026-01-04 05:06:07``."""
    return utc(at_ms // 1000 * 1000)[:-1].replace("T", " ")


def clock(at_ms: int) -> str:
    """Time of day, with seconds where there are any."""
    text = utc(at_ms // 1000 * 1000)[11:-1]
    return text.removesuffix(":00") if len(text) > 5 else text


def until(at_ms: int) -> str:
    """Time of day at which something ends: midnight is 24:00."""
    return "24:00" if at_ms % DAY_MS == 0 else clock(at_ms)


def figure(value: float | None) -> str:
    """A figure of unknown size: three digits that count, as on the live page."""
    if value is None:
        return "\N{EN DASH}"
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
