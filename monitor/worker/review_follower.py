"""What observers say of alerts as it becomes known, from its topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiokafka import ConsumerRecord

from geofield.alerts.reviews import ReviewHistory, Word
from geofield.utc import time_ms
from monitor.kafka.follower import Follower
from monitor.kafka.guard import Guard
from monitor.records.reviews import NOT_OF_THE_FIELD, decode_review
from monitor.settings import Settings


class ReviewReader:
    """The reviews so far; `follow` runs for ever, see `Follower`."""

    def __init__(self, settings: Settings, on_refused: Callable[[], object]) -> None:
        follower = Follower(settings, ["reviews"], self._take)
        self.follow, self.caught_up = follower.follow, follower.caught_up
        self._guard = Guard("review", on_refused)
        self.history = ReviewHistory()

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        if words := list(self._guard(records, word_of)):
            self.history = self.history.with_words(words)


def word_of(record: ConsumerRecord) -> Word:
    """The word of a record; raises `ValueError` if it is no review.

    All words on an alert are in one partition, so offsets tell which of them is the last.
    """
    review = decode_review(record.value or b"")
    of_the_field = review.verdict not in NOT_OF_THE_FIELD
    return Word(review.alert_id, record.offset, time_ms(review.reviewed), of_the_field)
