"""Answers of the page's server: headers, refusals, JSON, files."""

from __future__ import annotations

import hashlib

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.dashboard.assets import Asset
from monitor.http.connection import HEADERS as COMMON_HEADERS
from monitor.http.connection import accepts_host

ZIP_FROM_BYTES = 1024
HEADERS = {
    **COMMON_HEADERS,
    # No foreign and no inline content: text of a record can never become a script.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}
_encoder = msgspec.json.Encoder()


class Refusal(Exception):
    """A request that cannot be answered."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def answers(host: str) -> Middleware:
    """Middleware that sets the headers of all answers, and makes refusals one line of JSON."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not accepts_host(host, request.headers.get("Host")):
            response: web.StreamResponse = _refused(403, f"not served as {request.host[:80]!r}")
        else:
            try:
                response = await handler(request)
            except Refusal as refusal:
                response = _refused(refusal.status, str(refusal))
            except web.HTTPException as error:
                response = _refused(error.status, error.reason)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    return middleware


def _refused(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)


def json_answer(request: web.Request, value: msgspec.Struct) -> web.Response:
    """A value as JSON, compressed if it is large."""
    return bytes_answer(request, _encoder.encode(value), "application/json")


def bytes_answer(request: web.Request, body: bytes, kind: str) -> web.Response:
    """A body, compressed if it is large and no picture; 304 if the browser has it already."""
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"', "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if kind.startswith("text/") else None
    response = web.Response(body=body, content_type=kind, charset=charset, headers=headers)
    if not kind.startswith("image/") and len(body) > ZIP_FROM_BYTES and _takes_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def asset_answer(request: web.Request, asset: Asset) -> web.Response:
    """A file, or status 304 if the browser has it already."""
    headers = {"ETag": f'"{asset.tag}"', "Content-Type": asset.kind, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    if _takes_gzip(request):
        return web.Response(body=asset.zipped, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=asset.body, headers=headers)


def whole_number(request: web.Request, name: str, default: int, limits: tuple[int, int]) -> int:
    """A number of the query, clipped to the limits.

    Raises
    ------
    Refusal
        If it is not a whole number.
    """
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        raise Refusal(400, f"{name} must be a whole number")
    return min(max(int(text), limits[0]), limits[1])


def _takes_gzip(request: web.Request) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")
