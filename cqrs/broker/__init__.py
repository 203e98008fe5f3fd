"""A message broker on MongoDB: topics, partitions, producers, consumer groups, dead letters. Works without Django."""

from cqrs.broker.broker import Broker
from cqrs.broker.config import (
    BrokerConfig,
    ConsumerConfig,
    ProducerConfig,
    TopicConfig,
    define_broker,
    define_consumer,
    define_producer,
    define_topic,
)
from cqrs.broker.errors import (
    BrokerError,
    Fenced,
    IdempotencyConflict,
    InvalidConfiguration,
    InvalidIdempotencyKey,
    InvalidMessage,
    InvalidPayload,
    MessageTooLarge,
    MissingKey,
    NotConnected,
    NoTransaction,
    OffsetPurged,
    UnknownTopic,
)
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.message import ConsumerRecord, Message, Sent
from cqrs.broker.producer import Producer
from cqrs.broker.topics import Topic

__all__ = [
    "Broker",
    "BrokerConfig",
    "BrokerError",
    "ConsumerConfig",
    "ConsumerRecord",
    "Fenced",
    "IdempotencyConflict",
    "Interceptor",
    "InvalidConfiguration",
    "InvalidIdempotencyKey",
    "InvalidMessage",
    "InvalidPayload",
    "Message",
    "MessageTooLarge",
    "MissingKey",
    "NoTransaction",
    "NotConnected",
    "OffsetPurged",
    "Producer",
    "ProducerConfig",
    "Sent",
    "Topic",
    "TopicConfig",
    "UnknownTopic",
    "define_broker",
    "define_consumer",
    "define_producer",
    "define_topic",
]
