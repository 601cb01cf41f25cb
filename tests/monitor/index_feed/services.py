"""A local HTTP server that answers as the index services do.

Shapes after the services' documentation, not recorded from them; values of Kp from GFZ's table
(doi 10.5880/Kp.0001), of Dst made up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from archive.kp import kp_intervals
from geofield.utc import utc

DAY = datetime(2024, 5, 10, tzinfo=UTC)


def stamp_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def table() -> list[tuple[str, float]]:
    """Start (without a zone) and Kp of the intervals of 2024-05-10, the day of the storm."""
    intervals = kp_intervals(stamp_ms(DAY), stamp_ms(DAY + timedelta(days=1)))
    thirds = [round(kp.value * 3) / 3 for kp in intervals]  # the table has one decimal
    return [
        (utc(kp.start_ms).removesuffix("Z"), value)
        for kp, value in zip(intervals, thirds, strict=True)
    ]


def noaa(rows: list[tuple[str, float]], *, headed: bool = False) -> bytes:
    """NOAA's product: objects, or (until March 2026) text under a header row."""
    if headed:
        told = [[at.replace("T", " ") + ".000", f"{kp:.2f}", "12", "8"] for at, kp in rows]
        return json.dumps([["time_tag", "Kp", "a_running", "station_count"], *told]).encode()
    fields = {"a_running": 12, "station_count": 8}
    return json.dumps([{"time_tag": at, "Kp": round(kp, 2), **fields} for at, kp in rows]).encode()


def gfz(rows: list[tuple[str, float]]) -> bytes:
    """GFZ's answer."""
    return json.dumps(
        {
            "Kp": [round(kp, 3) for _, kp in rows],
            "datetime": [at + "Z" for at, _ in rows],
            "meta": {"license": "CC BY 4.0", "source": "GFZ Potsdam"},
            "status": ["pre"] * len(rows),
        }
    ).encode()


def hp30(values: list[float | None]) -> bytes:
    """Hp30 from the begin of the day, in the shape of GFZ's service: it has no status."""
    return json.dumps(
        {
            "Hp30": values,
            "datetime": [
                f"{DAY + timedelta(minutes=30 * n):%Y-%m-%dT%H:%M:%SZ}" for n in range(len(values))
            ],
            "meta": {"license": "CC BY 4.0", "source": "GFZ Potsdam"},
        }
    ).encode()


def kyoto(hours: int, *, headed: bool = True) -> bytes:
    """Dst of the first hours of the day."""
    told = [(f"2024-05-10T{hour:02}:00:00", -10 * hour) for hour in range(hours)]
    if not headed:
        return json.dumps([{"time_tag": at, "dst": dst} for at, dst in told]).encode()
    rows = [[at.replace("T", " "), str(dst)] for at, dst in told]
    return json.dumps([["time_tag", "dst"], *rows]).encode()


@dataclass
class Served:
    """What the server answers now, and what it was asked."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    date: datetime = DAY + timedelta(days=2)
    paths: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@contextmanager
def service(served: Served) -> Iterator[str]:
    """URL of a server that knows ETag and Last-Modified."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.paths.append(self.path)
            etag = '"' + hashlib.sha256(served.body).hexdigest()[:16] + '"'
            fresh = served.status == 200 and self.headers.get("If-None-Match") == etag
            status = 304 if fresh else served.status
            served.statuses.append(status)
            body = b"" if fresh else served.body
            self.send_response_only(status)
            self.send_header("Date", format_datetime(served.date, usegmt=True))
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(body)))
            for name, text in served.headers.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/index.json"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
