"""What the working files declare, checked as a whole."""

import ast
import dataclasses
import types
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from cqrs.broker.config import BrokerConfig, ConsumerConfig, ProducerConfig, TopicConfig, define_topic
from cqrs.broker.csbroker.errors import InvalidWorkingFiles, NoWorkingFiles
from cqrs.broker.csbroker.execution import Executed, executed
from cqrs.broker.csbroker.folder import CONFIG, PAYLOADS, WORKING_FILES, Folder

# What the client calls its own parts.
TAKEN = frozenset({"broker", "config", "consumers", "message_payload", "producers", "topics"})

Configuration = BrokerConfig | TopicConfig | ProducerConfig | ConsumerConfig


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """The configurations by the name of their variable, in the order of the file; and the payload types by name."""

    sources: dict[str, bytes]
    broker_name: str
    broker: BrokerConfig
    topics: dict[str, TopicConfig]
    producers: dict[str, ProducerConfig]
    consumers: dict[str, ConsumerConfig]
    payloads: dict[str, type]

    def wanted_topics(self) -> dict[str, TopicConfig]:
        """Return every topic that this service defines or produces to, by name."""
        wanted = {topic.name: topic for topic in self.topics.values()}
        for producer in self.producers.values():
            wanted.setdefault(producer.topic, _topic_of(producer))
        return dict(sorted(wanted.items()))


@contextmanager
def declarations(folder: Folder) -> Iterator[Declarations]:
    """Load and check the working files. The payload types work as long as the block lasts; then no trace is left.

    Raises NoWorkingFiles, InvalidWorkingFiles with all that is wrong.
    """
    require_working_files(folder)
    with executed(folder) as execution:
        found = _Found(execution)
        found.check()
        if execution.problems:
            problems = sorted(execution.problems, key=lambda problem: (str(problem.file), problem.line))
            raise InvalidWorkingFiles(problems)
        yield found.declarations()


def require_working_files(folder: Folder) -> None:
    """Return where both are there. Raises NoWorkingFiles."""
    for name in WORKING_FILES:
        if not (folder.path / name).is_file():
            raise NoWorkingFiles(folder.shown(folder.path / name))


def annotation(payload: Any, payloads: dict[str, type]) -> str | None:
    """Return how the client writes a payload type: a class of `payloads` or a union of them; else None."""
    members = typing.get_args(payload) if isinstance(payload, types.UnionType) or _is_union(payload) else (payload,)
    names = {member: name for name, member in payloads.items()}
    return None if any(member not in names for member in members) else " | ".join(names[member] for member in members)


class _Found:
    """What the modules hold, and what is wrong with it."""

    def __init__(self, execution: Executed) -> None:
        self._execution = execution
        self._values = {
            name: value
            for name, value in vars(execution.modules[CONFIG]).items()
            if isinstance(value, Configuration) and not name.startswith("_")
        }
        self._payloads = _payload_types(execution.modules[PAYLOADS])
        self._lines = {file: _lines(tree) for file, tree in execution.trees.items()}

    def declarations(self) -> Declarations:
        (broker,) = self._of(BrokerConfig).items()
        return Declarations(
            sources={name: self._execution.sources[name] for name in WORKING_FILES},
            broker_name=broker[0],
            broker=broker[1],
            topics=self._of(TopicConfig),
            producers=self._of(ProducerConfig),
            consumers=self._of(ConsumerConfig),
            payloads=self._payloads,
        )

    def check(self) -> None:
        self._check_broker()
        self._check_names()
        self._check_topics()
        self._check_payloads()

    def _of(self, kind: type[Any]) -> dict[str, Any]:
        return {name: value for name, value in self._values.items() if isinstance(value, kind)}

    def _add(self, name: str, message: str, file: str = CONFIG) -> None:
        self._execution.add_problem(file, self._lines[file].get(name, 1), message)

    def _check_broker(self) -> None:
        brokers = list(self._of(BrokerConfig))
        if not brokers and not self._execution.problems:
            self._execution.add_problem(CONFIG, 1, "declares no broker: add one with define_broker(…)")
        for name in brokers[1:]:
            self._add(name, f"{name} is a second broker beside {brokers[0]}: a client has one")

    def _check_names(self) -> None:
        for name, value in self._values.items():
            taken = TAKEN - {"broker"} if isinstance(value, BrokerConfig) else TAKEN
            if name in taken | self._made() or name in self._payloads:
                self._add(name, f"{name} is a name that the client needs for something else")
        for name in TAKEN & set(self._payloads):
            self._add(name, f"{name} is a name that the client needs for something else", PAYLOADS)

    def _made(self) -> set[str]:
        """Return the names of the functions that the client has for producers and consumers."""
        producers, consumers = self._of(ProducerConfig), self._of(ConsumerConfig)
        return {f"{name}_message" for name in producers} | {f"{name}_value" for name in consumers}

    def _check_topics(self) -> None:
        first: dict[str, tuple[str, TopicConfig]] = {}
        wanted = {name: value for name, value in self._values.items() if isinstance(value, TopicConfig)}
        wanted |= {name: _topic_of(value) for name, value in self._values.items() if isinstance(value, ProducerConfig)}
        for name, topic in wanted.items():
            before, other = first.setdefault(topic.name, (name, topic))
            if topic != other:
                self._add(name, f"{name} and {before} want {topic.name} with other partitions or retention_ms")

    def _check_payloads(self) -> None:
        for name, payload in self._payloads.items():
            try:
                msgspec.json.schema(payload)
            except (TypeError, RuntimeError) as error:
                self._add(name, f"{name} has no JSON Schema: {error}", PAYLOADS)
        for name, value in self._values.items():
            if not isinstance(value, ProducerConfig | ConsumerConfig) or value.payload is None:
                continue
            if annotation(value.payload, self._payloads) is None:
                self._add(name, f"{name}: payload must be a public class of {PAYLOADS}, or a union of such classes")


def _topic_of(producer: ProducerConfig) -> TopicConfig:
    return define_topic(name=producer.topic, partitions=producer.partitions, retention_ms=producer.retention_ms)


def _payload_types(module: types.ModuleType) -> dict[str, type]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name == value.__name__
        if not name.startswith("_") and _is_payload(value)
    }


def _is_payload(value: type) -> bool:
    return issubclass(value, msgspec.Struct) or dataclasses.is_dataclass(value) or typing.is_typeddict(value)


def _is_union(payload: Any) -> bool:
    return typing.get_origin(payload) is typing.Union


def _lines(tree: ast.Module) -> dict[str, int]:
    """Return the line where each name is set, the last one where it is set twice."""
    lines = {node.id: node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and _is_set(node)}
    return lines | {node.name: node.lineno for node in tree.body if isinstance(node, ast.ClassDef)}


def _is_set(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
