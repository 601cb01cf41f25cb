"""Records refused by the workers, by their keys."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from monitor.dashboard.showable import RefusedRecord

MOST_KEYS = 50  # a sender may invent any number of keys


class RefusedView(msgspec.Struct, frozen=True):
    """Refused records of a key: their count, and time and reason of the newest."""

    key: str
    count: int
    newest_ms: int
    reason: str
    detail: str


class Refusals:
    """The keys with the newest refusals."""

    def __init__(self) -> None:
        self._by_key: dict[str, RefusedView] = {}  # the last refused at the end
        self._changed: set[str] = set()  # keys with changes since the last call of `changes`

    def take(self, refused: RefusedRecord, at_ms: int) -> RefusedView:
        """Count a refusal at `at_ms`; return the view of its key."""
        before = self._by_key.pop(refused.key, None)
        view = RefusedView(
            refused.key, before.count + 1 if before else 1, at_ms, refused.reason, refused.detail
        )
        if before is not None and before.newest_ms > at_ms:  # of another partition
            view = replace(before, count=view.count)
        self._by_key[refused.key] = view
        self._changed.add(refused.key)
        if len(self._by_key) > MOST_KEYS:
            del self._by_key[next(iter(self._by_key))]
        return view

    def everything(self) -> list[RefusedView]:
        """All views, the newest last."""
        return list(self._by_key.values())

    def changes(self) -> list[RefusedView]:
        """The views that have changed since the last call."""
        changed, self._changed = self._changed, set()
        return [view for key, view in self._by_key.items() if key in changed]
