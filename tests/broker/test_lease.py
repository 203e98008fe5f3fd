"""How long a member may take itself for alive: from when it sent its heartbeat, not from when it heard of it."""

import time

from cqrs.broker.lease import Lease

SECONDS = 5.0


def test_it_does_not_hold_before_the_first_heartbeat() -> None:
    lease = Lease(SECONDS)

    assert not lease.holds(time.monotonic())


def test_it_holds_from_the_sending_of_a_heartbeat_for_its_time_and_no_longer() -> None:
    lease = Lease(SECONDS)

    lease.renew(100.0)

    assert [lease.holds(at) for at in (100.0, 104.9, 105.0)] == [True, True, False]


def test_an_answer_that_took_too_long_renews_nothing() -> None:
    lease = Lease(SECONDS)

    lease.renew(time.monotonic() - SECONDS)

    assert not lease.holds(time.monotonic())
