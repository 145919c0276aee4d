from __future__ import annotations

import pytest

from facetoon.edge_runtime.serving import visitors
from facetoon.edge_runtime.serving.visitors import Visit, Visitors, network_of


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    for name, limit in (("MOST_WAITING", 6), ("MOST_ANSWERED", 6)):
        monkeypatch.setattr(visitors, name, limit)
        monkeypatch.setattr(visitors, f"{name}_BY_ADDRESS", limit // 2)


@pytest.fixture
def closed():
    """The visits that were closed, in their order."""
    return []


@pytest.fixture
def come(closed):
    """Makes a visit from an address that waits for its request."""

    def make(door, address):
        visit = Visit(address, lambda: closed.append(visit))
        door.wait(visit)
        return visit

    return make


def test_the_longest_waiting_of_an_address_makes_room_and_other_addresses_stay(come, closed):
    door = Visitors()
    come(door, "10.0.0.2")
    many = [come(door, "10.0.0.1") for _ in range(5)]
    assert closed == many[:2]


def test_when_all_places_are_taken_the_address_with_the_most_makes_room(come, closed):
    door = Visitors()
    first = [come(door, "10.0.0.1") for _ in range(3)]
    others = [come(door, f"10.0.1.{number}") for number in range(5)]
    assert closed == first[:2]
    assert others[-1] not in closed


def test_who_is_answered_is_not_closed_and_waits_last_in_line_afterwards(come, closed):
    door = Visitors()
    watching, *waiting = [come(door, "10.0.0.1") for _ in range(3)]
    assert door.answer(watching)
    come(door, "10.0.0.1")
    assert closed == []
    door.wait(watching)
    assert closed == waiting[:1]


def test_more_answers_than_places_are_refused_by_address_and_in_all(come):
    door = Visitors()

    def asks(address):
        return door.answer(come(door, address))

    assert [asks("10.0.0.1") for _ in range(4)] == [True, True, True, False]
    assert [asks(f"10.0.1.{number}") for number in range(3)] == [True, True, False]


def test_who_has_left_is_not_counted(come, closed):
    door = Visitors()
    for _ in range(20):
        visit = come(door, "10.0.0.1")
        door.answer(visit)
        door.leave(visit)
        door.leave(visit)
    door.close_all()
    assert closed == []


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"), ("::1", "::/64"), ("fe80::1234:1%eth0", "fe80::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)  # fmt: skip
def test_one_host_owns_a_whole_network_of_ipv6(address, network):
    assert network_of(address) == network
