"""Base class of the tables of a recipe, and the error of a wrong recipe."""

import msgspec

from archive.files import FileRefused


class RecipeRefused(FileRefused):
    """A recipe cannot be used; the message names the file, the key and the reason."""


class RecipeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the recipe; unknown keys are refused, so that spelling errors are noticed."""
