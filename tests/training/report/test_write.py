from pathlib import Path

from tests.training.report.builders import full, manifest, minimal
from training.report.page import render_page
from training.report.write import write_report
from training.results import decode


def test_the_document_and_the_page_stand_beside_each_other(tmp_path: Path) -> None:
    about = manifest()
    document, page = write_report(tmp_path / "new", "ulf-1hz", full(), about)
    assert (document.name, page.name) == ("ulf-1hz.evaluation.json", "ulf-1hz.html")
    assert decode(document.read_bytes()) == full()
    assert page.read_text(encoding="utf-8") == render_page(full(), about)


def test_a_report_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_report(tmp_path, "ulf-1hz", minimal("first, and much longer than the second"), manifest())
    document, page = write_report(tmp_path, "ulf-1hz", minimal("second"), manifest())
    assert decode(document.read_bytes()) == minimal("second")
    assert "much longer" not in page.read_text(encoding="utf-8")
