"""The end of the process: the log notes that the read side holds these versions."""

from collections.abc import Sequence

from cqrs.eventlog.append import append_confirmations
from cqrs.eventlog.event_rows import NewEvent
from cqrs.messages import Envelope
from users_command.commands import SynchronizeUser
from users_command.events import AGGREGATE_TYPE, UserSynchronized


def synchronize_users(commands: Sequence[Envelope[SynchronizeUser]]) -> list[UserSynchronized]:
    """Append one SYNCHRONIZED event per user version, in the caller's transaction; repeating it changes nothing."""
    events = [
        UserSynchronized(
            user_id=command.message.user_id,
            version=command.message.version,
            synchronized_at=command.message.synchronized_at,
        )
        for command in commands
    ]
    append_confirmations(
        [
            NewEvent(
                event=event,
                stage=event.stage,
                aggregate_type=AGGREGATE_TYPE,
                aggregate_id=event.user_id,
                version=event.version,
                seed=command.context.seed,
                recorded_at=event.synchronized_at,
                context=command.context,
            )
            for event, command in zip(events, commands, strict=True)
        ]
    )
    return events
