"""What observers said of alerts, and when it became known.

A refit of a living profile hears only what was said an hour before it, so that every worker and
every replay hears the same: a review takes seconds to reach a worker, and clocks differ by less.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from geofield.utc import HOUR_MS

HEARD_AFTER_MS = HOUR_MS


@dataclass(frozen=True, slots=True)
class Word:
    """What was said of an alert.

    Attributes
    ----------
    alert_id
        The alert.
    place
        Rises with each word on the alert: of two, the one with the higher place counts.
    known_ms
        When it was said, ms since 1970 UTC.
    of_the_field
        Whether it leaves the disturbance to the field: it was not called man-made or the
        instrument's.
    """

    alert_id: str
    place: int
    known_ms: int
    of_the_field: bool


class ReviewHistory:
    """All words so far, by alert."""

    __slots__ = ("_words",)

    def __init__(
        self, words: Iterable[Word] = (), before: Mapping[str, Mapping[int, Word]] | None = None
    ) -> None:
        self._words: dict[str, Mapping[int, Word]] = dict(before or {})
        for word in words:
            earlier = self._words.get(word.alert_id, {})
            self._words[word.alert_id] = {**earlier, word.place: word}

    def with_words(self, words: Iterable[Word]) -> "ReviewHistory":
        """The history with further words; one that is there already changes nothing."""
        return ReviewHistory(words, self._words)

    def of_the_field(self, alert_id: str, at_ms: int) -> bool:
        """Whether an alert is the field's by the last word heard at `at_ms`; without one it is."""
        words = self._words.get(alert_id)
        if not words:
            return True
        heard = [word for word in words.values() if word.known_ms + HEARD_AFTER_MS <= at_ms]
        return not heard or max(heard, key=lambda word: word.place).of_the_field
