"""A stand-in for the base image, which comes from a registry that tests do not ask.

Debian 12 with its own Python 3.11, made by debootstrap, under the name that the Dockerfile gives;
the real one is Debian 13 with a Python built from source.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.brokers import ROOT
from tests.containers.engine import Engine, output

RELEASE = "bookworm"
PACKAGES = ("ca-certificates", "python-is-python3", "python3", "python3-pip", "python3-venv")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def base_image(engine: Engine) -> str:
    """Name of the image that both targets are built on, made if it is not there."""
    name = f"docker.io/library/{base_name()}"
    if engine.status("image", "exists", name):
        with TemporaryDirectory() as folder:
            engine.podman("import", f"--change=ENV PATH={PATH}", str(_archive(Path(folder))), name)
    return name


def base_name() -> str:
    """The image that the Dockerfile begins with."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (name,) = set(re.findall(r"^FROM (\S+:\S+) AS", text, re.MULTILINE))
    return str(name)


def _archive(folder: Path) -> Path:
    tree, archive = folder / "tree", folder / "base.tar"
    include = f"--include={','.join(PACKAGES)}"
    output("debootstrap", "--variant=minbase", include, RELEASE, str(tree))
    leave_out = [f"--exclude=./{path}/*" for path in ("dev", "var/cache/apt", "var/lib/apt/lists")]
    output("tar", f"--directory={tree}", *leave_out, f"--file={archive}", "--create", ".")
    return archive
