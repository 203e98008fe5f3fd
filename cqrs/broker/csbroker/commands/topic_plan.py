"""The second half of `generate --apply`."""

from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.access import opened
from cqrs.broker.csbroker.folder import Folder
from cqrs.broker.csbroker.topic_plan import Action, Step, carry_out, plan


def apply_topics(folder: Folder) -> list[Step]:
    """Show what has to be done to the topics in MongoDB, do it, and return the steps."""
    with opened(folder) as (broker, declared):
        wanted = declared.wanted_topics() if declared else {}
        steps = plan(wanted, {topic.name: topic for topic in broker.topics.all()})
        for step in steps:
            console.notice(_sentence(step))
        carry_out(steps, broker.topics)
    return steps


def _sentence(step: Step) -> str:
    partitions = f"{step.partitions} partition{'s' * (step.partitions != 1)}"
    match step.action:
        case Action.CREATE:
            return f"{step.topic}: create with {partitions}, {_retention(step.retention_ms)}"
        case Action.SET_RETENTION:
            return f"{step.topic}: {_retention(step.stored_retention_ms)} → {_retention(step.retention_ms)}"
        case Action.ADD_PARTITIONS_BY_HAND if (step.stored_partitions or 0) < step.partitions:
            return (
                f"{step.topic}: has {step.stored_partitions} of {partitions}; adding some moves keys, so it is left to "
                f"csbroker topic add-partitions {step.topic} {step.partitions}"
            )
        case Action.ADD_PARTITIONS_BY_HAND:
            return (
                f"{step.topic}: has {step.stored_partitions} partitions, more than the {step.partitions} wanted; left"
            )
        case Action.NONE:
            return f"{step.topic}: as wanted"


def _retention(milliseconds: int | None) -> str:
    return "kept for ever" if milliseconds is None else f"kept for {milliseconds} ms"
