"""Limited places for clients, shared fairly: one client cannot take them all."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

IPV6_CLIENT_BITS = 64  # prefix; one client may use any address below it
Guest = TypeVar("Guest")


class Places(Generic[Guest]):
    """Places for `count` guests, each of which comes from a client's address.

    If all places are taken, a new guest displaces the oldest guest of the address with the most
    guests, counting the new one.
    """

    def __init__(self, count: int, busy: Callable[[Guest], bool] = lambda _: False) -> None:
        """Of the guests of an address, those that are not `busy` are displaced first."""
        self.count = count
        self._busy = busy
        self._guests: dict[Guest, str] = {}  # addresses, by guest in order of arrival

    def __len__(self) -> int:
        return len(self._guests)

    def take(self, address: str, guest: Guest) -> Guest | None:
        """Give a place to a guest; return the displaced guest, if any."""
        displaced = None
        if len(self._guests) >= self.count:
            displaced = self._to_displace(address)
            self.leave(displaced)
        self._guests[guest] = address
        return displaced

    def leave(self, guest: Guest) -> None:
        """Free the place of a guest, if it still has one."""
        self._guests.pop(guest, None)

    def _to_displace(self, newcomer: str) -> Guest:
        counts = Counter(self._guests.values())
        if newcomer in counts:
            counts[newcomer] += 1
        (largest, _), *_ = counts.most_common(1)
        candidates = [guest for guest, address in self._guests.items() if address == largest]
        return min(candidates, key=self._busy)  # the oldest of equals


def client_of(address: str | None) -> str:
    """Identity of a client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, IPV6_CLIENT_BITS), strict=False))
    return str(ip)
