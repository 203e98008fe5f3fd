"""What has to be done in MongoDB so that the topics are as the working files want them."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from cqrs.broker.config import TopicConfig
from cqrs.broker.topics import Topic, Topics


class Action(StrEnum):
    """What a step does. Partitions are never added here: that changes where keys go, and has a command of its own."""

    CREATE = "create"
    SET_RETENTION = "set-retention"
    ADD_PARTITIONS_BY_HAND = "add-partitions-by-hand"
    NONE = "none"


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One topic: what is stored (None: nothing) and what is wanted."""

    topic: str
    action: Action
    stored_partitions: int | None
    partitions: int
    stored_retention_ms: int | None
    retention_ms: int | None


def plan(wanted: Mapping[str, TopicConfig], stored: Mapping[str, Topic]) -> list[Step]:
    """Return a step for each topic and difference; pure."""
    return [step for name in sorted(wanted) for step in _steps(wanted[name], stored.get(name))]


def carry_out(steps: list[Step], topics: Topics) -> None:
    """Create and update what the plan says. Raises InvalidConfiguration, Unavailable."""
    for step in steps:
        if step.action is Action.CREATE:
            topics.create(TopicConfig(name=step.topic, partitions=step.partitions, retention_ms=step.retention_ms))
        elif step.action is Action.SET_RETENTION:
            topics.set_retention(name=step.topic, retention_ms=step.retention_ms)


def _steps(wanted: TopicConfig, stored: Topic | None) -> list[Step]:
    actions = list(_actions(wanted, stored)) or [Action.NONE]
    return [
        Step(
            topic=wanted.name,
            action=action,
            stored_partitions=stored.partitions if stored else None,
            partitions=wanted.partitions,
            stored_retention_ms=stored.retention_ms if stored else None,
            retention_ms=wanted.retention_ms,
        )
        for action in actions
    ]


def _actions(wanted: TopicConfig, stored: Topic | None) -> list[Action]:
    if stored is None:
        return [Action.CREATE]
    actions = []
    if stored.retention_ms != wanted.retention_ms:
        actions.append(Action.SET_RETENTION)
    if stored.partitions != wanted.partitions:
        actions.append(Action.ADD_PARTITIONS_BY_HAND)
    return actions
