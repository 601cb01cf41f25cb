"""Values of which there is one for every window: frozen for the type checker alone.

What a frozen dataclass does when it is made takes seven times as long as to make it.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True)
def value(made: type[Made]) -> type[Made]:
    """A dataclass with slots, compared and hashed by its fields; mypy refuses to change one."""
    return dataclass(slots=True, unsafe_hash=True)(made)
