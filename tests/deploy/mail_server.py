"""A mail server that takes messages over SMTP with a login, and keeps them.

With a certificate it wants TLS from the begin or, asked by STARTTLS, before anything else.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

TAKEN = {"STARTTLS": "220 go on", "DATA": "354 go on", "AUTH": "235 welcome", "QUIT": "221 bye"}


@dataclass
class Mailbox:
    """What has come, and who has logged in."""

    messages: list[EmailMessage] = field(default_factory=list)
    logins: set[tuple[str, str]] = field(default_factory=set)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    mailbox: Mailbox
    answers: Mapping[str, str]
    starttls: ssl.SSLContext | None
    tls: ssl.SSLContext | None


class _Session(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.open = self.server.starttls is not None
        with suppress(OSError):  # clients may leave, or refuse the certificate
            self._use(self.server.tls)
            self._say("220 localhost ESMTP")
            while line := self.stream.readline().decode().strip():
                command = line.split()[0].upper()
                said = self.server.answers.get(command) or self._answer(command)
                self._say(said)
                if said == TAKEN.get(command):
                    self._act(command, line)

    def _answer(self, command: str) -> str:
        if self.open and command not in ("STARTTLS", "QUIT"):
            return "250-localhost\r\n250 STARTTLS" if command == "EHLO" else "530 STARTTLS first"
        if command == "STARTTLS" and not self.open:
            return "502 what"
        if command == "EHLO":
            return "250-localhost\r\n250 AUTH PLAIN"
        return TAKEN.get(command, "250 well")

    def _act(self, command: str, line: str) -> None:
        match command:
            case "STARTTLS":
                self._use(self.server.starttls)
                self.open = False
            case "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self.server.mailbox.logins.add((user, password))
            case "DATA":
                self._take()
                self._say("250 taken")

    def _use(self, context: ssl.SSLContext | None) -> None:
        if context:
            self.request = context.wrap_socket(self.request, server_side=True)
        self.stream = self.request.makefile("rb")

    def _take(self) -> None:
        lines = []
        while (line := self.stream.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = BytesParser(EmailMessage, policy=default).parsebytes(b"".join(lines))
        self.server.mailbox.messages.append(message)

    def _say(self, text: str) -> None:
        self.request.sendall(f"{text}\r\n".encode())


@contextmanager
def mail_server(
    mailbox: Mailbox,
    answers: Mapping[str, str] | None = None,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """Port of the server; `answers` are by command, in place of what it would say and do."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.mailbox, server.answers = mailbox, answers or {}
        server.starttls, server.tls = starttls, tls
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
