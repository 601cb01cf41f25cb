"""Reading HTML and SVG back: elements, attributes and text, and whether it all closes."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.parsers.expat import ParserCreate

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""


class Walk(HTMLParser):
    """Collects elements in order; an element that closes another's tag is an error."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page)
        self.close()
        assert not self._open, f"never closed: {[one.tag for one in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), f"an attribute of <{tag}> is given twice"
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def of(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]


@dataclass
class Drawing:
    """An SVG that parsed as XML."""

    texts: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def drawing(svg: str) -> Drawing:
    found = Drawing()

    def start(tag: str, _: dict[str, str]) -> None:
        found.tags.append(tag)
        if tag == "text":
            found.texts.append("")

    def data(text: str) -> None:
        if found.tags and found.tags[-1] == "text":
            found.texts[-1] += text

    parser = ParserCreate()
    parser.StartElementHandler = start
    parser.CharacterDataHandler = data
    parser.Parse(svg, True)
    return found
