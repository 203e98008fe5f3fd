"""How a user's state events go into the log."""

from cqrs.context import Context
from cqrs.eventlog.event_rows import NewEvent
from users_command.events import AGGREGATE_TYPE, UserStateChanged


def new_event(event: UserStateChanged, context: Context) -> NewEvent:
    """Address an event to the log: its aggregate, version, stage and time are the user's."""
    return NewEvent(
        event=event,
        stage=event.stage,
        aggregate_type=AGGREGATE_TYPE,
        aggregate_id=event.user_id,
        version=event.version,
        seed=event.seed,
        recorded_at=event.updated_at,
        context=context,
    )
