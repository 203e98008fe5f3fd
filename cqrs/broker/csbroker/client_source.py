"""The Python of a generated client: what is declared, by name and with its types."""

import re
from collections.abc import Iterable
from typing import Any

from cqrs.broker.config import TopicConfig
from cqrs.broker.csbroker.declarations import Declarations, annotation
from cqrs.broker.csbroker.folder import CONFIG, PAYLOADS
from cqrs.broker.csbroker.installation import MARK

NOTE = f"""\
{MARK.decode()} {{config}} and {{payloads}} beside this file are copies of the working
files, from which it was made."""
LONGEST_LINE = 100

MESSAGE = '''

def {name}_message(
    value: {value},
    *,
    key: str | None = None,
    timestamp: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> Message:
    """Return a message for {topic}."""
    return Message(value=value, key=key, timestamp=timestamp, headers=headers or {{}})
'''

VALUE = '''

def {name}_value(record: ConsumerRecord) -> {value}:
    """Return what a record of {topic} carries; the consumer has checked it."""
    return cast("{value}", record.message.value)
'''


def client_sources(declared: Declarations) -> dict[str, str]:
    """Return the Python files of the client by name, without the copies of the working files."""
    return {
        "__init__.py": _init(declared),
        "producers.py": _producers(declared),
        "consumers.py": _consumers(declared),
        "topics.py": _topics(declared),
    }


def _init(declared: Declarations) -> str:
    exported = [declared.broker_name, "consumers", "producers", "topics", *declared.payloads]
    lines = [
        _docstring("The typed client of this service's broker."),
        "from . import consumers, producers, topics",
        f"from .config import {declared.broker_name}",
        *_imported("message_payload", sorted(declared.payloads)),
        *_exported(exported),
    ]
    return _file(lines)


def _producers(declared: Declarations) -> str:
    producers = declared.producers
    lines = [_docstring("What this service sends: a configuration for each producer, and its messages.")]
    if producers:
        lines += ["from collections.abc import Mapping", "from datetime import datetime"]
        lines += [] if all(value.payload for value in producers.values()) else ["from typing import Any"]
        lines += ["", "from cqrs.broker import Message", ""]
        lines += _imports(declared, producers)
        lines += _exported(exported for name in producers for exported in (name, f"{name}_message"))
    text = _file(lines)
    for name, producer in producers.items():
        text += MESSAGE.format(name=name, value=_value(producer.payload, declared), topic=producer.topic)
    return text


def _consumers(declared: Declarations) -> str:
    consumers = declared.consumers
    lines = [_docstring("What this service receives: a configuration for each consumer, and what its records carry.")]
    if consumers:
        lines += [f"from typing import {'cast' if all(v.payload for v in consumers.values()) else 'Any, cast'}"]
        lines += ["", "from cqrs.broker import ConsumerRecord", ""]
        lines += _imports(declared, consumers)
        lines += _exported(exported for name in consumers for exported in (name, f"{name}_value"))
    text = _file(lines)
    for name, consumer in consumers.items():
        text += VALUE.format(name=name, value=_value(consumer.payload, declared), topic=consumer.topic)
    return text


def _topics(declared: Declarations) -> str:
    wanted = declared.wanted_topics()
    names = sorted({*wanted, *(consumer.topic for consumer in declared.consumers.values())})
    lines = [_docstring("The topics of this service: their names, and those that it defines.")]
    if wanted:
        lines += ["from typing import Final", "", "from cqrs.broker import TopicConfig, define_topic", ""]
    elif names:
        lines += ["from typing import Final", ""]
    constants = _constants(names)
    lines += [f'{constants[name]}: Final = "{name}"' for name in names]
    if wanted:
        lines += ["", "DEFINED: Final[tuple[TopicConfig, ...]] = ("]
        lines += [_defined(topic, constants[name]) for name, topic in wanted.items()]
        lines += [")"]
    return _file(lines)


def _defined(topic: TopicConfig, constant: str) -> str:
    return f"    define_topic(name={constant}, partitions={topic.partitions}, retention_ms={topic.retention_ms}),"


def _constants(topics: list[str]) -> dict[str, str]:
    """Return a Python name for each topic, numbered where two topics would have the same."""
    constants: dict[str, str] = {}
    taken: set[str] = {"DEFINED"}
    for topic in topics:
        name = re.sub(r"\W+", "_", topic).strip("_").upper()
        plain = name if re.match(r"[A-Z]", name) else f"TOPIC_{name}"
        numbered, number = plain, 1
        while numbered in taken:
            number += 1
            numbered = f"{plain}_{number}"
        taken.add(numbered)
        constants[topic] = numbered
    return constants


def _imports(declared: Declarations, configurations: dict[str, Any]) -> list[str]:
    used = {
        name
        for value in configurations.values()
        for name in (annotation(value.payload, declared.payloads) or "").split(" | ")
        if name
    }
    return _imported("config", sorted(configurations)) + _imported("message_payload", sorted(used))


def _exported(names: Iterable[str]) -> list[str]:
    return ["", "__all__ = [", *(f'    "{name}",' for name in sorted(names)), "]"]


def _imported(module: str, names: list[str]) -> list[str]:
    if not names:
        return []
    line = f"from .{module} import {', '.join(names)}"
    return (
        [line] if len(line) <= LONGEST_LINE else [f"from .{module} import (", *(f"    {name}," for name in names), ")"]
    )


def _value(payload: Any, declared: Declarations) -> str:
    return annotation(payload, declared.payloads) or "Any"


def _docstring(first: str) -> str:
    return f'"""{first}\n\n{NOTE.format(config=CONFIG, payloads=PAYLOADS)}\n"""\n'


def _file(lines: list[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"
