"""Limits the connections of a server: those that wait for a request, and those that are being answered.

A connection without a whole request costs a few kilobytes, and its place goes to a newcomer when there are too many. So
silent connections keep nobody out: a client that asks at once is answered at once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MOST_WAITING, MOST_WAITING_BY_ADDRESS = 512, 256  # a process may open 1,024 files
MOST_ANSWERED, MOST_ANSWERED_BY_ADDRESS = 96, 48  # a proxy's visitors share its address


@dataclass(eq=False)
class Visit:
    """One connection. `address` is the client's IP address, and `close` ends the connection."""

    address: str
    close: Callable[[], None]

    def __post_init__(self) -> None:
        self.network = network_of(self.address)


class Visitors:
    """Counts connections by address. Only the server's loop calls it."""

    def __init__(self) -> None:
        self._waiting, self._answered = _Group(), _Group()

    def wait(self, visit: Visit) -> None:
        """Count a connection that waits for a request.

        When there are too many from its address, or in all, the connection that has waited longest is closed: of its
        address, or of the address with the most.
        """
        self._answered.remove(visit)
        self._waiting.add(visit)
        if self._waiting.count(visit.network) > MOST_WAITING_BY_ADDRESS:
            oldest = self._waiting.oldest(visit.network)
        elif len(self._waiting) > MOST_WAITING:
            oldest = self._waiting.oldest(self._waiting.fullest())
        else:
            return
        self.leave(oldest)
        oldest.close()

    def answer(self, visit: Visit) -> bool:
        """Count a connection whose request has come; False when too many are being answered already."""
        self._waiting.remove(visit)
        self._answered.add(visit)
        by_address = self._answered.count(visit.network)
        return by_address <= MOST_ANSWERED_BY_ADDRESS and len(self._answered) <= MOST_ANSWERED

    def leave(self, visit: Visit) -> None:
        """Forget a connection that has ended; idempotent."""
        self._waiting.remove(visit)
        self._answered.remove(visit)

    def close_all(self) -> None:
        """Close every connection."""
        for visit in [*self._waiting, *self._answered]:
            visit.close()


class _Group:
    """Visits by network, each network's oldest first."""

    def __init__(self) -> None:
        self._by_network: dict[str, dict[Visit, None]] = {}

    def __iter__(self) -> Iterator[Visit]:
        return (visit for visits in self._by_network.values() for visit in visits)

    def __len__(self) -> int:
        return sum(map(len, self._by_network.values()))

    def add(self, visit: Visit) -> None:
        self._by_network.setdefault(visit.network, {})[visit] = None

    def remove(self, visit: Visit) -> None:
        visits = self._by_network.get(visit.network, {})
        if visits.pop(visit, visit) is None and not visits:
            del self._by_network[visit.network]

    def count(self, network: str) -> int:
        return len(self._by_network.get(network, ()))

    def fullest(self) -> str:
        return max(self._by_network, key=self.count)

    def oldest(self, network: str) -> Visit:
        return next(iter(self._by_network[network]))


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or an IPv6 address's /64 network, which one host owns."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
