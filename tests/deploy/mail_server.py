"""A mail server that takes every message over SMTP with a login, and keeps them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


@dataclass
class Mailbox:
    """What has come, and who has logged in."""

    messages: list[EmailMessage] = field(default_factory=list)
    logins: set[tuple[str, str]] = field(default_factory=set)


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    """Port of the server."""

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 localhost ESMTP")
            while line := self.rfile.readline().decode().strip():
                match line.split()[0].upper():
                    case "EHLO":
                        self._say("250-localhost\r\n250 AUTH PLAIN")
                    case "AUTH":
                        _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                        mailbox.logins.add((user, password))
                        self._say("235 welcome")
                    case "DATA":
                        self._say("354 go on")
                        self._take()
                        self._say("250 taken")
                    case "QUIT":
                        return self._say("221 bye")
                    case _:
                        self._say("250 well")
            return None

        def _take(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            message = BytesParser(EmailMessage, policy=default).parsebytes(b"".join(lines))
            mailbox.messages.append(message)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
