"""Lines of events: those of one ordering key stand one behind the other, lines side by side."""

from collections.abc import Sequence

from cqrs.publishers.outgoing_event import OutgoingEvent


def lines_of(events: Sequence[OutgoingEvent]) -> list[list[int]]:
    """Return the places of the events, those of each ordering key in a line of their own and in their order."""
    lines: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        lines.setdefault(event.ordering_key, []).append(place)
    return list(lines.values())
