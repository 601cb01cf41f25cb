"""How the page's server answers: headers, refusals, JSON, files."""

from __future__ import annotations

import ipaddress

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.dashboard.assets import Asset

ZIP_FROM_BYTES = 1024
HEADERS = {
    # Nothing from elsewhere, nothing inline: what a record says can never become a script.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Server": "magwatch",
}
_encoder = msgspec.json.Encoder()


class Refusal(Exception):
    """A request that cannot be answered."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def answers(host: str) -> Middleware:
    """Headers for every answer, and refusals as one line.

    Bound to a loopback `host` it refuses requests that name another: a page elsewhere may have
    its own name point here, to read what only this machine may see.
    """
    names = _names_for(host)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if names is not None and _host_name(request.host) not in names:
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


def _names_for(host: str) -> frozenset[str] | None:
    return frozenset({host, "localhost", "127.0.0.1", "[::1]"}) if is_loopback(host) else None


def _host_name(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _refused(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)


def json_answer(request: web.Request, value: msgspec.Struct) -> web.Response:
    """A value as JSON, compressed where that pays."""
    body = _encoder.encode(value)
    response = web.Response(body=body, content_type="application/json")
    if len(body) > ZIP_FROM_BYTES and _takes_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def asset_answer(request: web.Request, asset: Asset) -> web.Response:
    """A file, unless the browser has it already."""
    headers = {"ETag": f'"{asset.tag}"', "Content-Type": asset.kind, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    if _takes_gzip(request):
        return web.Response(body=asset.zipped, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=asset.body, headers=headers)


def whole_number(request: web.Request, name: str, default: int, limits: tuple[int, int]) -> int:
    """A number of the query, brought within the limits.

    Raises
    ------
    Refusal
        If it is none.
    """
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        raise Refusal(400, f"{name} must be a whole number")
    return min(max(int(text), limits[0]), limits[1])


def _takes_gzip(request: web.Request) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")
