"""Publishing to a stream: what it holds afterwards, what is refused, and what guards against publishing twice."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import Closed
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Published, Refused
from cqrs.testing.waiting import wait_until
from tests.publishers.conftest import NewPublisher, settings_of
from tests.publishers.nats_server import NatsServer
from tests.publishers.stream_view import StreamView, event_ids

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
NEW, REPEATED = Published(), Published(duplicate=True)


def event(stream: str, sequence: int | None, *, thing: str = "1", **others: Any) -> OutgoingEvent:
    """Return an event of a thing, whose id tells which one of it this is."""
    given: dict[str, Any] = {
        "event_id": f"{thing}-{sequence}",
        "subject": f"{stream}.{thing}",
        "event_type": "thing:changed",
        "ordering_key": f"thing/{thing}",
        "data": {"version": sequence},
        "created_at": AT,
    }
    return OutgoingEvent(**{**given, "sequence": sequence, **others})


def forgetful(server: NatsServer, stream: str) -> JetStreamSettings:
    """Settings of a stream that forgets ids after a tenth of a second."""
    return settings_of(server.url, stream, duplicate_window=0.1)


def test_an_event_carries_its_type_key_sequence_and_time_in_headers(
    publisher: JetStreamPublisher, stream: str, view: StreamView
) -> None:
    outcomes = publisher.publish([event(stream, 1, headers={"traceparent": "00-a-b-01", "Title": "Zürich"})])

    (message,) = view.messages(stream)
    assert outcomes == [NEW]
    assert (message.subject, message.data) == (f"{stream}.1", {"version": 1})
    assert (
        message.headers.items()
        >= {
            "Nats-Msg-Id": "1-1",
            "Event-Type": "thing:changed",
            "Event-Key": "thing/1",
            "Event-Sequence": "1",
            "Event-Time": "2026-01-02T03:04:05.678000+00:00",
            "traceparent": "00-a-b-01",
            "Title": "Zürich",
        }.items()
    )


@pytest.mark.parametrize(
    ("flaw", "code"),
    [
        ({"subject": "elsewhere.1"}, "foreign_subject"),
        ({"subject": "a b"}, "bad_subject"),
        ({"subject": "{stream}.*"}, "bad_subject"),
        ({"subject": "{stream}."}, "bad_subject"),
        ({"subject": "{stream}." + "x" * 300}, "bad_subject"),
        ({"headers": {"a b": "c"}}, "bad_header"),
        ({"headers": {"a": "b\r\nNats-Rollup: all"}}, "bad_header"),
        ({"headers": {"Nats-Rollup": "all"}}, "bad_header"),
        ({"headers": {"event-sequence": "9"}}, "bad_header"),
        ({"event_id": ""}, "bad_header"),
        ({"event_id": "\ud800"}, "bad_header"),
        ({"data": {"price": float("inf")}}, "not_json"),
        ({"data": object()}, "not_json"),
        ({"data": "x" * 1_000_001}, "too_large"),
        ({"data": "x" * 2_000_000}, "too_large"),
        ({"data": "x", "headers": {"a": "x" * 70_000}}, "too_large"),
    ],
)
def test_an_event_that_nats_cannot_hold_is_refused_alone(
    publisher: JetStreamPublisher, stream: str, view: StreamView, flaw: dict[str, Any], code: str
) -> None:
    if "subject" in flaw:
        flaw = {"subject": flaw["subject"].format(stream=stream)}
    flawed = event(stream, 1, thing="flawed", **flaw)

    refused, taken = publisher.publish([flawed, event(stream, 1, thing="good")])

    assert isinstance(refused, Refused)
    assert refused.code == code
    assert taken == NEW
    assert event_ids(view.messages(stream)) == ["good-1"]


def test_a_repetition_within_the_window_is_dropped_by_the_server(
    settings: JetStreamSettings, new_publisher: NewPublisher, stream: str, view: StreamView
) -> None:
    new_publisher(settings).publish([event(stream, None)])

    outcomes = new_publisher(settings).publish([event(stream, None)])

    assert outcomes == [REPEATED]
    assert len(view.messages(stream)) == 1


@pytest.mark.parametrize("by", ["the same publisher", "another publisher"])
@pytest.mark.parametrize("repeated", [1, 2, 3])
def test_a_repetition_after_the_window_is_found_in_the_stream(
    server: NatsServer, new_publisher: NewPublisher, own_view: StreamView, repeated: int, by: str
) -> None:
    first = new_publisher(forgetful(server, "t"))
    for sequence in (1, 2, 3):
        first.publish([event("t", sequence)])
    wait_for_forgetting(own_view)
    then = first if by == "the same publisher" else new_publisher(forgetful(server, "t"))

    outcomes = then.publish([event("t", repeated)])
    following = then.publish([event("t", 4)])

    assert outcomes == [REPEATED]
    assert following == [NEW]
    assert event_ids(own_view.messages("t")) == ["1-1", "1-2", "1-3", "probe", "probe", "1-4"]


def test_of_two_publishers_that_know_the_same_last_message_one_is_dropped(
    server: NatsServer, new_publisher: NewPublisher, own_view: StreamView
) -> None:
    one, other = (new_publisher(forgetful(server, "t")) for _ in range(2))
    one.publish([event("t", 1)])
    other.publish([event("t", 1)])
    one.publish([event("t", 2)])
    wait_for_forgetting(own_view)

    late = other.publish([event("t", 2)])
    next_one = other.publish([event("t", 3)])

    assert (late, next_one) == ([REPEATED], [NEW])
    assert [m.event_id for m in own_view.messages("t") if m.event_id != "probe"] == ["1-1", "1-2", "1-3"]


def test_a_subject_that_another_aggregate_uses_too_is_not_guarded(
    publisher: JetStreamPublisher, stream: str, view: StreamView
) -> None:
    publisher.publish([event(stream, 5)])
    foreign = event(stream, 2, event_id="other-2", ordering_key="other/1")

    outcomes = publisher.publish([foreign])

    assert outcomes == [NEW]
    assert event_ids(view.messages(stream)) == ["1-5", "other-2"]


def test_a_stream_that_was_deleted_is_made_again(publisher: JetStreamPublisher, stream: str, view: StreamView) -> None:
    publisher.publish([event(stream, 1)])
    view.delete(stream)

    with pytest.raises(Unavailable):
        publisher.publish([event(stream, 2)])
    outcomes = publisher.publish([event(stream, 2)])

    assert outcomes == [NEW]
    assert event_ids(view.messages(stream)) == ["1-2"]


def test_a_closed_publisher_publishes_nothing(publisher: JetStreamPublisher, stream: str) -> None:
    publisher.publish([event(stream, 1)])
    publisher.close()

    with pytest.raises(Closed):
        publisher.publish([event(stream, 2)])


def wait_for_forgetting(view: StreamView) -> None:
    """Return when the server has forgotten ids that were there when this began: a probe is taken twice."""

    def is_forgotten() -> bool:
        view.publish("t.probe", None, {"Nats-Msg-Id": "probe"})
        return event_ids(view.messages("t")).count("probe") > 1

    wait_until(is_forgotten, "the duplicate window has passed")
