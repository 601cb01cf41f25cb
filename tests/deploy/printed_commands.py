"""Code blocks of the documents, and how to follow their commands on this machine."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.brokers import ROOT
from tests.deploy.composition import document
from tests.monitor.workers import wait_until
from tests.processes import magwatch

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STANDING = re.compile(  # commands that go on until they are told to end
    r"magwatch (worker|dashboard|indices|quakes|ingest [\w.]+|history [\w./]+|replay .*"
    r"|alerts --webhook .*)$"
)
ABSENT = re.compile(r"magwatch (train|evaluate) .*?(your-data/|kak2015\*\.sec|hon/)")
ALONE = re.compile(r"magwatch [^|<>&;]*$")  # bash does no more than expand its words
SECONDS = 120


@dataclass(frozen=True)
class Block:
    """One code block: its language and its text."""

    language: str
    text: str

    def commands(self) -> Iterator[str]:
        """Each command of a shell block on one line, without its comment."""
        for line in re.sub(r"\\\n *", "", self.text).splitlines():
            if command := re.sub(r"(^|\s+)#.*", "", line).strip():
                yield command


def code_blocks(name: str) -> list[Block]:
    """The code blocks of a document of the repository, in order."""
    return [Block(*match.groups()) for match in FENCE.finditer((ROOT / name).read_text())]


@dataclass
class Shell:
    """Follows commands one after the other; a `VARIABLE=value` of one is there for the next."""

    folder: Path
    environment: dict[str, str]
    standing: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, command: str) -> None:
        """Do what the command says, or check that it could be done where it cannot be done here."""
        command = command.replace(":9464", f":{self.setting('METRICS_PORT')}")
        if match := re.match(r"(?:export )?(\w+)=(\S+)$", command):
            self.environment.setdefault(match[1], match[2])
        elif match := re.match(r"make (.*)", command):
            self._succeeds(f"make -n -C {shlex.quote(str(ROOT))} {match[1]}")
            if match[1] == "up":  # as its services of these names do
                self._succeeds("magwatch topics")
                self._stands("magwatch worker")
        elif "docker compose" in command or command.startswith(("sudo", "git")):
            self._could_be_done(command)
        elif match := re.match(r"pip install .*?'?\.(?:\[([\w,]+)\])?'?$", command):
            assert match[1] is None or set(match[1].split(",")) <= _extras(), command
        elif match := ABSENT.match(command):
            self._refused_for(command, match[2])
        elif STANDING.match(command):
            self._stands(command)
        else:
            self._succeeds(command)

    def setting(self, name: str) -> str:
        """A setting of magwatch as the next command gets it."""
        return self.environment[f"MAGWATCH_{name}"]

    def _succeeds(self, command: str) -> None:
        result = self._run(command)
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
        assert "Traceback" not in result.stderr, result.stderr

    def _refused_for(self, command: str, absent: str) -> None:
        """The command is right, and the data that it names are not here."""
        result = self._run(command)
        assert result.returncode != 0, command
        assert "Traceback" not in result.stderr, result.stderr
        if find_spec("torch") is None:
            assert "train is not installed" in result.stderr, result.stderr
            return
        assert f"{absent.rstrip('/')}" in result.stderr, result.stderr
        assert "such" in result.stderr, result.stderr

    def _could_be_done(self, command: str) -> None:
        """Its grammar is right, and what it names of the repository is there."""
        self._succeeds(f"bash -n -c {shlex.quote(command)}")
        for path in re.findall(r"(?<= )(?:deploy|\.env\.example)[\w./-]*", command):
            assert (ROOT / path).exists(), command
        if match := re.search(r"docker compose (?:exec|stop|start|cp --archive) (\w+)", command):
            assert match[1] in document()["services"], command

    def _stands(self, command: str) -> None:
        log = self.folder / f"command-{len(self.standing)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdout=stream,
                stderr=stream,
            )
        self.standing.append(process)
        # it says what it does, and goes on
        wait_until(lambda: log.stat().st_size > 0 or process.poll() is not None)
        assert process.poll() in (None, 0), log.read_text()

    def end(self) -> None:
        """End by Ctrl-C what still stands; each command ends well."""
        for process in self.standing:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        codes = [process.wait(30) for process in self.standing]
        assert set(codes) <= {0, -signal.SIGINT, 128 + signal.SIGINT}, codes
        for log in self.folder.glob("command-*.log"):
            assert "Traceback" not in log.read_text(), log.read_text()

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        if ALONE.match(command):
            words = self._bash(f"printf '%s\\0' {command}").stdout.split("\0")[1:-1]
            return magwatch(*words, env=self.environment, cwd=self.folder, timeout=SECONDS)
        return self._bash(command)

    def _bash(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def shell(folder: Path, **settings: str) -> Shell:
    """A shell in a folder of its own whose `magwatch` is this checkout's; settings count first."""
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "magwatch"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m monitor "$@"\n')
    program.chmod(0o755)
    for name in ("exports", "training"):
        (folder / name).symlink_to(ROOT / name)
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MAGWATCH_")}
    clean["PATH"] = f"{programs}:{clean['PATH']}"
    return Shell(folder, clean | {f"MAGWATCH_{name}": text for name, text in settings.items()})


def _extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return set(project["optional-dependencies"])
