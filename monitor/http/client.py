"""HTTP client for untrusted servers: one kind of session, and failures as one line."""

from __future__ import annotations

import ssl

import aiohttp

MAX_HEADER_BYTES = 64 * 1024  # of one header; long cookies must not cost the answer
MAX_REASON_CHARACTERS = 300
OTHER_NAME = (62, 64)  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH
OTHER_TIME = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED


def session(contact: str = "") -> aiohttp.ClientSession:
    """A client without cookies that trusts the system's authorities or SSL_CERT_FILE's.

    `contact` is added to its User-Agent, so that a service can write to whoever asks too much.
    """
    return aiohttp.ClientSession(
        headers={"User-Agent": f"magwatch ({contact})" if contact else "magwatch"},
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )


def reason(error: Exception) -> str:
    """Reason of a failed request: one line, never empty, without the URL and its secrets."""
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLError() as fault):
            said = certificate_fault(fault)
        case aiohttp.ClientConnectorSSLError(os_error=fault):
            said = f"no TLS: {getattr(fault, 'reason', None) or fault}"
        case aiohttp.ClientConnectorError(os_error=fault):
            said = f"cannot connect to {error.host}:{error.port}: {fault.strerror or fault}"
        case aiohttp.TooManyRedirects():
            said = "it redirects too often"
        case aiohttp.ClientResponseError():
            said = f"its answer is no HTTP: {error.message}"
        case aiohttp.ServerDisconnectedError():
            said = "it closed the connection before its answer was complete"
        case aiohttp.ClientPayloadError():
            said = f"its answer cannot be read: {getattr(error.__cause__, 'message', error)}"
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            said = "it redirects to what is no HTTP address"
        case _:
            said = str(error)
    return one_line(said) or type(error).__name__


def certificate_fault(error: ssl.SSLError) -> str:
    """The fault of a server's certificate, and the remedy."""
    code = getattr(error, "verify_code", None)
    said = getattr(error, "verify_message", None) or error.reason or "it does not verify"
    if code in OTHER_NAME:
        advice = "use the name that the certificate has, or have one made for this name"
    elif code in OTHER_TIME:
        advice = "renew it, or set this machine's clock"
    else:
        advice = (
            "use one of an authority that is trusted here, or start with SSL_CERT_FILE=its-ca.pem"
        )
    return f"wrong certificate ({said.rstrip('.')}): {advice}"


def one_line(text: str) -> str:
    """Untrusted text as one line without control characters, cut off if too long."""
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))
    too_long = len(shown) > MAX_REASON_CHARACTERS
    return shown[: MAX_REASON_CHARACTERS - 1] + "…" if too_long else shown
