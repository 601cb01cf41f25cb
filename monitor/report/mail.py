"""Send a message by SMTP: over TLS with a verified certificate, or to this machine."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage

from monitor.errors import Refused, SettingsRefused
from monitor.http.client import certificate_fault, one_line
from monitor.http.connection import is_loopback
from monitor.settings import Settings

TIMEOUT_S = 30.0
TLS_PORT = 465
_SECURITY = "MAGWATCH_SMTP_SECURITY"
_ADDRESS = "MAGWATCH_SMTP_HOST and MAGWATCH_SMTP_PORT"
_LOGIN = "MAGWATCH_SMTP_USER and MAGWATCH_SMTP_PASSWORD"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and how mails are sent; `security` is starttls, tls or none."""

    host: str
    port: int
    security: str
    sender: str
    user: str | None
    password: str | None

    @property
    def name(self) -> str:
        """Its address, for messages."""
        return f"mail server {self.host}:{self.port}"


def mail_server(settings: Settings) -> MailServer:
    """The mail server of the settings.

    Raises
    ------
    SettingsRefused
        If one is missing, or mails would be sent without TLS to another machine.
    """
    host, sender = settings.smtp_host, settings.smtp_from
    if host is None or sender is None:
        name = "MAGWATCH_SMTP_HOST" if host is None else "MAGWATCH_SMTP_FROM"
        raise SettingsRefused(f"{name} is not set: --mail needs it")
    security = settings.smtp_security
    if security == "auto":
        near = "none" if is_loopback(host) else "starttls"
        security = "tls" if settings.smtp_port == TLS_PORT else near  # type: ignore[assignment]
    if security == "none" and not is_loopback(host):
        raise SettingsRefused(
            "MAGWATCH_SMTP_SECURITY: none is for a mail server on this machine only: set starttls "
            "or tls"
        )
    secret = settings.smtp_password
    password = secret.get_secret_value() if secret else None
    return MailServer(host, settings.smtp_port, security, sender, settings.smtp_user, password)


def send(message: EmailMessage, server: MailServer) -> None:
    """Send a message to all in its `To`.

    Raises
    ------
    Refused
        If the server cannot be reached or refuses; the message says what to do.
    """
    with _telling(server), _session(server) as session:
        if server.user is not None and server.password is not None:
            session.login(server.user, server.password)
        refused = session.send_message(message)
    if refused:
        raise Refused(_recipients(server, refused, "the others have it"))


@contextmanager
def _session(server: MailServer) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    session: smtplib.SMTP
    if server.security == "tls":
        session = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.security == "starttls":
            session.starttls(context=context)
        yield session
        with suppress(smtplib.SMTPException, OSError):  # it has the mail
            session.quit()
    finally:
        session.close()


@contextmanager
def _telling(server: MailServer) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        raise Refused(_recipients(server, error.recipients, "nobody has it")) from None
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise Refused(f"{server.name}: {_fault(error, server)}") from None


def _recipients(server: MailServer, refused: dict[str, tuple[int, bytes]], others: str) -> str:
    said = "; ".join(f"{name} ({_said(*answer)})" for name, answer in sorted(refused.items()))
    return f"{server.name} refuses {said}: correct --mail; {others}"


def _fault(error: Exception, server: MailServer) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            fault = certificate_fault(error)
        case ssl.SSLError():
            fault = f"{error.reason or 'no TLS'}: see {_SECURITY} (it is {server.security} now)"
        case smtplib.SMTPAuthenticationError():  # its words may repeat what was sent
            fault = f"the login is refused ({error.smtp_code}): correct {_LOGIN}"
        case smtplib.SMTPSenderRefused():
            fault = f"the sender is refused ({_answer(error)}): correct MAGWATCH_SMTP_FROM"
        case smtplib.SMTPDataError():
            fault = f"the mail is refused ({_answer(error)}): ask its operator"
        case smtplib.SMTPNotSupportedError():
            fault = f"{error}: see {_SECURITY} and {_LOGIN}"
        case smtplib.SMTPResponseException():
            fault = f"it refuses ({_answer(error)}): see {_ADDRESS}"
        case smtplib.SMTPServerDisconnected():
            fault = f"it closed the connection: see {_ADDRESS} and {_SECURITY}"
        case _:
            fault = f"{getattr(error, 'strerror', None) or error}: see {_ADDRESS}"
    return one_line(fault)


def _answer(error: smtplib.SMTPResponseException) -> str:
    return _said(error.smtp_code, error.smtp_error)


def _said(code: int, text: bytes | str) -> str:
    shown = text.decode(errors="replace") if isinstance(text, bytes) else text
    return one_line(f"{code} {shown}")
