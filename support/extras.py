"""Optional dependencies: a missing one gives a message with the command that installs it."""

from collections.abc import Iterator
from contextlib import contextmanager


class ExtraMissing(ImportError):
    """An optional dependency is not installed; the message says how to install it."""


def how_to_install(extra: str) -> str:
    """Command that installs an extra, as in the README."""
    return f"in magwatch's folder run: pip install '.[{extra}]'"


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Guard imports that need an extra of the distribution.

    Raises
    ------
    ExtraMissing
        If the import inside fails.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or str(error)).partition(".")[0]
        raise ExtraMissing(f"{package} is not installed; {how_to_install(extra)}") from error
