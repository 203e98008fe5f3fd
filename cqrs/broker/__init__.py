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
from cqrs.broker.consumer import AlreadySubscribed, Consumer
from cqrs.broker.errors import (
    BatchFailed,
    BrokerError,
    Fenced,
    HandlerEnded,
    HandlerTooSlow,
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
    TopicInUse,
    TopicRemade,
    UnknownTopic,
)
from cqrs.broker.group_member import Timing
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.message import ConsumerRecord, Message, Sent
from cqrs.broker.offset_monitoring import OffsetInfo
from cqrs.broker.producer import Producer
from cqrs.broker.topics import Topic

__all__ = [
    "AlreadySubscribed",
    "BatchFailed",
    "Broker",
    "BrokerConfig",
    "BrokerError",
    "Consumer",
    "ConsumerConfig",
    "ConsumerRecord",
    "Fenced",
    "HandlerEnded",
    "HandlerTooSlow",
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
    "OffsetInfo",
    "OffsetPurged",
    "Producer",
    "ProducerConfig",
    "Sent",
    "Timing",
    "Topic",
    "TopicConfig",
    "TopicInUse",
    "TopicRemade",
    "UnknownTopic",
    "define_broker",
    "define_consumer",
    "define_producer",
    "define_topic",
]
