"""Sections as Markdown, for the model card; figures are for the page alone."""

from collections.abc import Sequence

from training.report.parts import Block, Bullets, Command, Paragraph, Row, Section, Table


def as_markdown(section: Section) -> str:
    """A heading and its blocks, without a line's end after the last."""
    blocks = [text for text in map(_block, section.blocks) if text]
    return "\n\n".join([f"## {_plain(section.title)}", *blocks])


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return _plain(block.text)
        case Bullets():
            return "\n".join(f"- {_plain(item)}" for item in block.items)
        case Command():
            return f"```sh\n{block.text}\n```"
        case Table():
            return _table(block)
        case _:
            return ""


def _table(table: Table) -> str:
    head = [table.corner[0], *(_marked(column, table) for column in table.columns)]
    rows = [_line([_head(group, table), *_side_by_side(group)]) for group in table.groups()]
    lines = [_line(head), "|-" * len(head) + "|", *rows]
    return f"{_plain(table.caption)}:\n\n" + "\n".join(lines)


def _head(group: Sequence[Row], table: Table) -> str:
    return _marked(group[0].group or group[0].name, table)


def _marked(name: str, table: Table) -> str:
    return f"**{name}**" if name == table.look_at else name


def _side_by_side(group: Sequence[Row]) -> list[str]:
    """The rows of a group share one line."""
    return [" / ".join(cells) for cells in zip(*(row.cells for row in group), strict=True)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in cells) + " |"


def _plain(text: str) -> str:
    """On one line, and nothing in it is taken for HTML."""
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())
