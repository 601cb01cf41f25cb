"""A missing optional dependency is answered with how to install it."""

from collections.abc import Iterator
from contextlib import contextmanager


class ExtraMissing(ImportError):
    """Something optional is not installed; the message says how to install it."""


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Guard imports that only an extra of the distribution installs.

    Raises
    ------
    ExtraMissing
        If the import inside fails.
    """
    try:
        yield
    except ImportError as error:
        raise ExtraMissing(
            f"{error.name or error} is not installed: pip install 'magwatch[{extra}]'"
        ) from error
