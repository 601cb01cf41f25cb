"""A table of a recipe, and the refusal of one that cannot be used."""

import msgspec


class RecipeRefused(ValueError):
    """A recipe that cannot be used; the message names the file, the key and the reason."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the recipe; unknown keys are refused, so a misspelt one cannot pass unnoticed."""
