"""Reports by mail: a real session with a mail server, with and without TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from click.testing import Result

from monitor.kafka.embedded_broker import free_port
from tests.deploy.mail_server import Mailbox, mail_server
from tests.deploy.secured_kafka import make_certificates
from tests.monitor.report.kept import DAY, ask

PASSWORD = "s3cret-of-the-observatory"  # noqa: S105 - of this test
OBSERVERS = "observers@example.org"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture
def tls(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "broker.pem")
    return context


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    named = {
        "HOST": "127.0.0.1",
        "FROM": "magwatch@example.org",
        "USER": "wic",
        "PASSWORD": PASSWORD,
    }
    for name, value in named.items():
        monkeypatch.setenv(f"MAGWATCH_SMTP_{name}", value)
    return monkeypatch


def mailed(history: Path, port: int, *more: str) -> Result:
    settings = pytest.MonkeyPatch()
    with settings.context() as patched:
        patched.setenv("MAGWATCH_SMTP_PORT", str(port))
        result = ask(history, "--day", DAY, "--mail", OBSERVERS, *more)
    assert PASSWORD not in result.output
    return result


def refusal(result: Result) -> str:
    """The one line of a refusal."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    (line,) = result.output.strip().splitlines()
    return line


def test_a_mail_has_a_summary_in_text_and_html_and_the_page(history: Path, tmp_path: Path) -> None:
    mailbox, path = Mailbox(), tmp_path / "report.html"
    with mail_server(mailbox) as port:
        result = mailed(history, port, "-o", str(path), "--mail", "second@example.org")
    assert result.exit_code == 0, result.output
    (message,) = mailbox.messages
    assert mailbox.logins == {("wic", PASSWORD)}
    assert message["To"] == f"{OBSERVERS}, second@example.org"
    assert message["Subject"] == f"Geomagnetic bulletin, {DAY}"
    text, html = (message.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "longest gap: 22 h 0 min of 2 gaps" in text.get_content()
    assert "WIC 2024-05-09 00:50:00 to 2024-05-09 01:15:00: local, minor" in text.get_content()
    assert "magwatch does not predict earthquakes." in text.get_content()
    assert ">22 h 0 min of 2 gaps</td>" in html.get_content()
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == f"magwatch-{DAY}.html"
    assert attached.get_content().encode() == path.read_bytes()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_tls_is_verified(
    history: Path,
    certificates: Path,
    tls: ssl.SSLContext,
    settings: pytest.MonkeyPatch,
    security: str,
) -> None:
    settings.setenv("MAGWATCH_SMTP_SECURITY", security)
    mailbox = Mailbox()
    with mail_server(mailbox, **{security: tls}) as port:  # type: ignore[arg-type]
        settings.delenv("SSL_CERT_FILE", raising=False)
        assert "wrong certificate" in refusal(mailed(history, port))
        assert mailbox.logins == set()
        settings.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
        assert mailed(history, port).exit_code == 0
    assert mailbox.logins == {("wic", PASSWORD)}
    assert len(mailbox.messages) == 1


def test_nothing_is_sent_in_the_open_to_a_server_without_starttls(
    history: Path, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("MAGWATCH_SMTP_SECURITY", "starttls")
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        assert "MAGWATCH_SMTP_SECURITY" in refusal(mailed(history, port))
    assert mailbox == Mailbox()


@pytest.mark.parametrize(
    ("command", "answer", "words"),
    [
        (
            "AUTH",
            "535 \u001b[31m",
            "(535): correct MAGWATCH_SMTP_USER and MAGWATCH_SMTP_PASSWORD",
        ),
        ("MAIL", "550 who", "the sender is refused (550 who): correct MAGWATCH_SMTP_FROM"),
        ("RCPT", "550 unknown", f"{OBSERVERS} (550 unknown): correct --mail; nobody has it"),
        ("DATA", "552 too large", "the mail is refused (552 too large)"),
        ("EHLO", "nonsense", "see MAGWATCH_SMTP_HOST and MAGWATCH_SMTP_PORT"),
    ],
)
def test_what_the_server_refuses_is_one_line(
    history: Path, command: str, answer: str, words: str
) -> None:
    answers = {command: answer, **({"HELO": answer} if command == "EHLO" else {})}
    with mail_server(mailbox := Mailbox(), answers) as port:
        line = refusal(mailed(history, port))
    assert line.startswith(f"magwatch: mail server 127.0.0.1:{port}")
    assert words in line
    assert line.isprintable()
    assert mailbox.messages == []


def test_a_server_that_is_not_there_is_one_line(history: Path) -> None:
    port = free_port()
    line = refusal(mailed(history, port))
    assert line == (
        f"magwatch: mail server 127.0.0.1:{port}: Connection refused: see MAGWATCH_SMTP_HOST and "
        "MAGWATCH_SMTP_PORT"
    )


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("HOST", None, "MAGWATCH_SMTP_HOST is not set"),
        ("FROM", None, "MAGWATCH_SMTP_FROM is not set"),
        ("FROM", "a@b.org\nBcc: c@d.org", "MAGWATCH_SMTP_FROM"),
        ("PASSWORD", None, "a login needs MAGWATCH_SMTP_USER and MAGWATCH_SMTP_PASSWORD"),
        ("PASSWORD", "", "MAGWATCH_SMTP_PASSWORD: is empty"),
        ("PORT", "0", "MAGWATCH_SMTP_PORT"),
    ],
)
def test_settings_are_checked_before_the_work(
    history: Path, settings: pytest.MonkeyPatch, setting: str, value: str | None, words: str
) -> None:
    name = f"MAGWATCH_SMTP_{setting}"
    settings.setenv(name, value) if value is not None else settings.delenv(name)
    result = ask(history, "--day", DAY, "--mail", OBSERVERS)
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert PASSWORD not in result.output


def test_another_machine_gets_no_mail_in_the_open(
    history: Path, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("MAGWATCH_SMTP_HOST", "mail.example.org")
    settings.setenv("MAGWATCH_SMTP_SECURITY", "none")
    result = ask(history, "--day", DAY, "--mail", OBSERVERS)
    assert result.exit_code == 2
    assert "on this machine only" in result.output


@pytest.mark.parametrize("address", ["nobody", "a@b.org\nBcc: c@d.org", "a@b.org, c@d.org"])
def test_what_is_no_address_is_refused(history: Path, address: str) -> None:
    result = ask(history, "--day", DAY, "--mail", address)
    assert result.exit_code == 2
    assert "is no address like user@host" in result.output
