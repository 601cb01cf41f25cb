from dataclasses import asdict

import pytest

from bench.document import filled
from bench.report import spread

PAGE = """\
before
<!-- table live -->
old
<!-- end -->
between
<!-- table step -->
stays
<!-- end -->
"""


def test_what_was_measured_is_written_and_the_rest_stays() -> None:
    rows = [{"stations": 2000, "p99, s": 0.25, "rate": asdict(spread([1.0, 3.0, 2.0])), "x": None}]
    live = {"rows": rows, "at_utc": "2026-01-01T00:00:00+00:00", "cores": 2, "machine": "x86_64"}
    page = filled(PAGE, {"live": live, "other": live})
    assert "| 2,000 | 0.25 | 2 (1-3) | - |\n" in page
    assert "old" not in page
    assert "<!-- table step -->\nstays\n<!-- end -->" in page
    assert filled(page, {"live": live}) == page


def test_what_is_no_cell_is_refused() -> None:
    live = {"rows": [{"a": [1]}], "at_utc": "", "cores": 2, "machine": ""}
    with pytest.raises(TypeError, match="no cell"):
        filled(PAGE, {"live": live})
