"""Standard output that is full, closed or unread ends every command in one line or in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from archive.model import default_model_path
from monitor.kafka.sending import open_producer
from monitor.kafka.topics import create_topics
from monitor.settings import Settings, load_settings
from tests.abuse.files_support import parquet
from tests.monitor.feeds import calibrated
from tests.monitor.webhook.feeds import lives

pytestmark = pytest.mark.timeout(240)

CHECKOUT = Path(__file__).parent.parent.parent
PREFIX = "printing."
OPENED = lives("WIC")[0][1]


@pytest.fixture(scope="module")
def settings(tansu_address: str) -> Settings:
    found = load_settings(broker=tansu_address, topic_prefix=PREFIX)
    create_topics(found)
    publish(found, [OPENED] * 3)
    return found


def publish(settings: Settings, values: list[bytes]) -> None:
    with closing(open_producer(settings)) as producer:
        for value in values:
            producer.send(settings.topic("alerts"), value, b"a").get(10)


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {"MAGWATCH_BROKER": settings.broker, "MAGWATCH_TOPIC_PREFIX": PREFIX}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    folder = tmp_path_factory.mktemp("printing")
    parquet(folder, 1000)
    calibrated(folder / "profiles", default_model_path(), "TST", 5.0)
    archive, profiles = str(folder / "good.parquet"), str(folder / "profiles")
    score = ["score", archive, "--profiles", profiles, "-o", str(folder / "scores.csv")]
    alerts = ["alerts", "--from-beginning", "--no-follow"]
    return [
        ["--help"],
        ["settings"],
        score,
        [*score, "--alerts", "/dev/stdout"],
        [*alerts, "--json"],
        alerts,
        ["check"],
        ["topics"],
        ["profiles", "--profiles", profiles],
        ["indices", "--from-table", "2024-05-09/2024-05-13"],
        ["replay", archive, "--no-kp", "--speed", "max"],
    ]


def without_announcement(text: str) -> list[str]:
    """Lines of standard error but the one in which a replay says what it will send."""
    return [line for line in text.splitlines() if not line.startswith("sending 3,000 samples")]


def test_no_command_ends_in_a_traceback(settings: Settings, commands: list[list[str]]) -> None:
    asked = {"full": commands, "unread": commands[:5]}
    done = subprocess.run(
        [sys.executable, "-m", "tests.abuse.printing", json.dumps(asked)],
        env=environment(settings),
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
        timeout=200,
    )
    wanted = {
        "full": (5, ["magwatch: cannot write standard output: No space left on device"]),
        "unread": (1, []),
    }
    for kind, outcomes in json.loads(done.stdout).items():
        found = {
            " ".join(command): (code, without_announcement(text))
            for command, (code, text) in zip(asked[kind], outcomes, strict=True)
        }
        assert {name: one for name, one in found.items() if one != wanted[kind]} == {}


def test_alerts_end_when_nobody_reads_them_any_more(settings: Settings) -> None:
    """As in ``magwatch alerts | head -1``."""
    command = [sys.executable, "-m", "monitor", "alerts", "--json", "--from-beginning"]
    with subprocess.Popen(
        command,
        env=environment(settings),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == OPENED + b"\n"
        process.stdout.close()
        publish(settings, [OPENED])
        assert process.wait(60) == 1
        assert process.stderr.read() == b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_file_never_gets_the_number_of_a_closed_stream(closed: str, tmp_path: Path) -> None:
    """What a library prints would go into it."""
    code = (
        "import os, pathlib; from monitor.standard_streams import printing\n"
        f"with printing(): number = os.open('/dev/null', os.O_RDONLY)\n"
        f"pathlib.Path({str(tmp_path / 'number')!r}).write_text(str(number))"
    )
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", code]
    subprocess.run(command, cwd=CHECKOUT, check=True, timeout=60)
    assert int((tmp_path / "number").read_text()) > 2
