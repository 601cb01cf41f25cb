"""IAGA-2002 read line by line and number by number: slow, plain, and the oracle of our reader."""

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC throughout


class NotIaga2002(ValueError):
    """A document must be refused."""


@dataclass(frozen=True)
class Sample:
    """A line: milliseconds since 1970, and values by element, NaN where they are not numbers."""

    at_ms: int
    values: dict[str, float]


def read_slowly(content: bytes) -> list[Sample]:
    """Samples of a document in its order, D and I in minutes of arc, fills as they are."""
    if b"\0" in content:
        raise NotIaga2002("NUL")
    text = content.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    lines = text.replace("\r\n", "\n").split("\n") if "\n" in text else text.split("\r")
    if not re.match(r"\s*format\s+iaga-?2002\b", text, re.IGNORECASE | re.ASCII):
        raise NotIaga2002("first line")
    header: list[str] = []
    while lines and not re.match(
        r"[ \t]*DATE[ \t]+TIME[ \t]+DOY\b", lines[0], re.IGNORECASE | re.ASCII
    ):
        header.append(lines.pop(0))
    if not lines:
        raise NotIaga2002("no columns")
    elements = _elements(lines.pop(0), header)
    finished = lines and lines[-1].strip() == "" and len(lines) > 1
    if not finished:
        _check_last(lines, len(elements))
    samples = [_sample(line, elements) for line in lines if _has_sample(line)]
    return [sample for sample in samples if sample is not None]


def _elements(line: str, header: list[str]) -> list[str]:
    def stated(label: str) -> str:
        found = [one for one in header if re.match(rf"\s*{label}\s", one, re.IGNORECASE | re.ASCII)]
        return found[-1].strip()[len(label) :].strip("| \t\r").upper() if found else ""

    code, elements = stated("iaga code"), []
    for name in line.replace("|", " ").upper().split()[3:]:
        element = name[len(code) :] if code and name.startswith(code) else name
        if not code and not re.fullmatch("NUL|[A-Z]", element):
            element = "NUL" if element.endswith("NUL") else element[-1:]
        if not re.fullmatch("NUL|[A-Z]", element):
            raise NotIaga2002(name)
        if element != "NUL" and element in elements:
            raise NotIaga2002("twice")
        elements.append(element)
    reported = stated("reported").replace(" ", "")
    if reported and reported != "".join(elements):
        raise NotIaga2002("reported")
    return elements


def _has_sample(line: str) -> bool:
    bare = _bare(line)
    return bool(bare) and not line.strip(_BLANKS).startswith("#")


_BLANKS = "".join(map(chr, range(33)))


def _bare(line: str) -> list[str]:
    return (
        re.split(f"[{re.escape(_BLANKS)}|]+", line.strip(_BLANKS + "|"))
        if line.strip(_BLANKS + "|")
        else []
    )


def _sample(line: str, elements: list[str]) -> Sample | None:
    fields = _bare(line)
    if len(fields) != 3 + len(elements):
        raise NotIaga2002("columns")
    date, clock, doy, *numbers = fields
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date, re.ASCII):
        raise NotIaga2002("date")
    time = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(?:\.(\d*))?", clock, re.ASCII)
    if not time or not re.fullmatch(r"\d+", doy, re.ASCII) or not 1 <= int(doy) <= 366:
        raise NotIaga2002("time")
    hour, minute, second = map(int, time.groups()[:3])
    values = dict(zip(elements, map(_number, numbers), strict=True))
    try:
        day = datetime.strptime(date, "%Y-%m-%d")  # noqa: DTZ007 - UTC throughout
    except ValueError:
        raise NotIaga2002("day") from None
    if (hour, minute, second) == (23, 59, 60):
        return None
    fraction = float("0." + (time[4] or "0"))
    midnight = (hour, minute, second, fraction) == (24, 0, 0, 0.0)
    if not midnight and (hour > 23 or minute > 59 or second > 59):
        raise NotIaga2002("clock")
    since = day - EPOCH + timedelta(hours=hour, minutes=minute, seconds=second)
    return Sample(since // timedelta(milliseconds=1) + round(1000 * fraction), values)


def _number(text: str) -> float:
    if set(text) == {"*"} or text.lower() == "nan":
        return math.nan
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
        raise NotIaga2002(text)
    return float(text)


def _check_last(lines: list[str], columns: int) -> None:
    """A last line without a line break must be as complete as those before it."""
    last = next((line for line in reversed(lines) if _bare(line)), "")
    if not last or not _has_sample(last):
        return
    fields = _bare(last)
    if len(fields) != 3 + columns:
        raise NotIaga2002("cut")
    position = max(number for number, line in enumerate(lines) if line is last or line == last)
    for line in lines[:position][::-1]:
        before = _bare(line)
        if before and before[-1][-1:].isdigit():
            if len(before[-1].partition(".")[2]) != len(fields[-1].partition(".")[2]):
                raise NotIaga2002("cut")
            return
