"""The AsyncAPI 3 document of a service: its topics as channels, its producers and consumers as operations."""

import hashlib
import types
import typing
from collections.abc import Iterable
from typing import Any

import msgspec

from cqrs.broker.config import ConsumerConfig, ProducerConfig
from cqrs.broker.csbroker.declarations import Declarations
from cqrs.broker.message import EVENT_ID, EVENT_TYPE, SOURCE, TRACEPARENT

VERSION = "3.0.0"
JSON = "application/json"
ANY = "AnyJson"
DIGITS = 12

Document = dict[str, Any]


def asyncapi_document(declared: Declarations) -> Document:
    """Return the document. It names no address: that is the environment's."""
    components = _schemas(declared)
    return {
        "asyncapi": VERSION,
        "info": {
            "title": declared.broker.log_context or "Change-stream broker",
            "version": _version(declared),
        },
        "defaultContentType": JSON,
        "channels": {topic: _channel(declared, topic) for topic in sorted(_topics(declared))},
        "operations": _operations(declared),
        "components": {
            "messages": {name: _message(name) for name in sorted(_messages(_configurations(declared)))},
            "schemas": components,
        },
    }


def _configurations(declared: Declarations) -> list[ProducerConfig | ConsumerConfig]:
    return [*declared.producers.values(), *declared.consumers.values()]


def _topics(declared: Declarations) -> set[str]:
    return {*declared.wanted_topics(), *(consumer.topic for consumer in declared.consumers.values())}


def _version(declared: Declarations) -> str:
    """Two documents have one version where they come from the same working files."""
    digest = hashlib.sha256()
    for name in sorted(declared.sources):
        digest.update(hashlib.sha256(declared.sources[name]).digest())
    return digest.hexdigest()[:DIGITS]


def _channel(declared: Declarations, topic: str) -> Document:
    names = _messages(value for value in _configurations(declared) if value.topic == topic)
    channel: Document = {
        "address": topic,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sorted(names)},
    }
    wanted = declared.wanted_topics().get(topic)
    if wanted is not None:
        channel |= {"x-partitions": wanted.partitions, "x-retention-ms": wanted.retention_ms}
    return channel


def _operations(declared: Declarations) -> Document:
    sending = {
        name: _operation("send", producer) | {"x-partition-strategy": producer.partition_strategy}
        for name, producer in declared.producers.items()
    }
    receiving = {
        name: _operation("receive", consumer) | {"x-group-id": consumer.group_id}
        for name, consumer in declared.consumers.items()
    }
    return sending | receiving


def _operation(action: str, value: ProducerConfig | ConsumerConfig) -> Document:
    channel = f"#/channels/{value.topic}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in sorted(_messages([value]))],
    }


def _message(name: str) -> Document:
    message: Document = {
        "name": name,
        "contentType": JSON,
        "headers": {
            "type": "object",
            "properties": {header: {"type": "string"} for header in (EVENT_TYPE, EVENT_ID, SOURCE, TRACEPARENT)},
            "additionalProperties": {"type": "string"},
        },
    }
    return message if name == ANY else message | {"payload": {"$ref": f"#/components/schemas/{name}"}}


def _messages(values: Iterable[ProducerConfig | ConsumerConfig]) -> set[str]:
    return {name for value in values for name in _payload_names(value.payload)}


def _payload_names(payload: Any) -> list[str]:
    if payload is None:
        return [ANY]
    is_union = isinstance(payload, types.UnionType) or typing.get_origin(payload) is typing.Union
    return [member.__name__ for member in (typing.get_args(payload) if is_union else (payload,))]


def _schemas(declared: Declarations) -> Document:
    _, components = msgspec.json.schema_components(
        list(declared.payloads.values()), ref_template="#/components/schemas/{name}"
    )
    return dict(sorted(components.items()))
