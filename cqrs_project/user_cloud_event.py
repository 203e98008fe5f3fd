"""A user's event as a CloudEvent 1.0 (https://cloudevents.io), in the structured mode of its JSON format.

Structured, so that the message alone says everything, whatever carries it further. `sequence` and `traceparent` are
attributes of the published extensions, `appid` and `seed` our own.
"""

from typing import Any

import msgspec

from cqrs.messages import Recorded
from cqrs.publishers.outgoing_event import OutgoingEvent

CONTENT_TYPE = "application/cloudevents+json"
SOURCE = "/api/v1/user-command"
SUBJECTS = ("users.*",)


def user_cloud_event(event: Recorded) -> OutgoingEvent:
    """Return what is published for an event of a user: on the user's own subject, in the order of the versions.

    The data is that of the log, which holds no secrets. Raises msgspec.DecodeError where it is no JSON.
    """
    user_id = str(event.aggregate_id)
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": SOURCE,
        "type": event.name,
        "subject": user_id,
        "time": event.recorded_at.isoformat(),
        "datacontenttype": "application/json",
        "sequence": None if event.version is None else str(event.version),
        "traceparent": event.traceparent,
        "appid": event.app_id,
        "seed": event.seed,
    }
    known = {name: value for name, value in attributes.items() if value is not None}
    return OutgoingEvent(
        event_id=str(event.event_id),
        subject=f"users.{user_id}",
        event_type=event.name,
        ordering_key=f"{event.aggregate_type}/{user_id}",
        sequence=event.version,
        data={**known, "data": msgspec.json.decode(event.data)},
        headers={"Content-Type": CONTENT_TYPE},
        created_at=event.recorded_at,
    )
