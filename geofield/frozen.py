"""Dataclasses for values made once per window: frozen for the type checker alone.

Making an instance of a dataclass that is frozen at run time takes seven times as long.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True)
def value(made: type[Made]) -> type[Made]:
    """Make a dataclass with slots, compared and hashed by its fields; mypy refuses assignments."""
    return dataclass(slots=True, unsafe_hash=True)(made)
