"""Names of what a model keeps of a station: profile files, and keys of states and profiles.

A worker with one model names them after the station, ``WIC``. One with several adds the model,
``WIC.minute-teo``. Names of either kind are read.
"""

from dataclasses import dataclass

_BETWEEN = "."  # is in no station code


@dataclass(frozen=True, slots=True)
class ModelNames:
    """The names of one model of a worker.

    Attributes
    ----------
    model
        Name of the model.
    others
        sha256 of the worker's other models; empty if it is the only one.
    """

    model: str = ""
    others: frozenset[str] = frozenset()

    @property
    def several(self) -> bool:
        """Whether the worker has other models."""
        return bool(self.others)

    def of(self, station: str) -> str:
        """Name of what the model keeps of a station."""
        return f"{station}{_BETWEEN}{self.model}" if self.others else station

    def may_own(self, name: str) -> bool:
        """Whether a name may be of this model: it names the model or none."""
        return name.partition(_BETWEEN)[2] in ("", self.model)

    def owns(self, name: str, sha256: str) -> bool:
        """Whether what has this name, and is for the model with this sha256, is of this model.

        What names no model is, unless it is for another model of the worker.
        """
        return self.may_own(name) and (_BETWEEN in name or sha256 not in self.others)


ONLY_MODEL = ModelNames()


def station_of(name: str) -> str:
    """The station in a name."""
    return name.partition(_BETWEEN)[0]
