"""Connecting: truthful, shared within a process, never shared across a fork, and without Django."""

import os
import subprocess
import sys

import pytest

from cqrs.broker import Broker, BrokerConfig, InvalidConfiguration, NotConnected, define_broker, define_topic
from cqrs.errors import Unavailable
from tests.architecture.sources import ROOT
from tests.broker.forked import in_a_fork

NOBODY = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"


def test_it_is_connected_between_connect_and_disconnect(broker_config: BrokerConfig) -> None:
    broker = Broker(broker_config)
    seen = [broker.is_connected]

    broker.connect()
    seen.append(broker.is_connected)
    broker.connect()
    seen.append(broker.is_connected)
    broker.disconnect()
    seen.append(broker.is_connected)

    assert seen == [False, True, True, False]


def test_without_connecting_nothing_can_be_used(broker_config: BrokerConfig) -> None:
    broker = Broker(broker_config)

    with pytest.raises(NotConnected):
        broker.topics.all()


def test_a_broker_that_has_been_disconnected_can_connect_again(broker_config: BrokerConfig) -> None:
    broker = Broker(broker_config).connect()
    broker.disconnect()

    broker.connect()

    assert broker.topics.all() == []
    broker.disconnect()


def test_brokers_of_one_address_share_a_client_until_the_last_leaves(broker_config: BrokerConfig) -> None:
    first, second = Broker(broker_config).connect(), Broker(broker_config).connect()
    shared = first.store.client is second.store.client

    first.disconnect()

    assert shared
    assert second.topics.all() == []
    second.disconnect()


def test_an_address_where_nobody_answers_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cqrs.broker.broker.CONNECT_SECONDS", 0.2)
    broker = Broker(define_broker(mongo_uri=NOBODY))

    with pytest.raises(Unavailable) as caught:
        broker.connect()

    assert caught.value.store == "mongodb"
    assert not broker.is_connected


def test_an_address_that_the_driver_refuses_is_a_mistake_of_the_configuration() -> None:
    broker = Broker(define_broker(mongo_uri="mongodb://user:secret@host:port/"))

    with pytest.raises(InvalidConfiguration) as caught:
        broker.connect()

    assert "secret" not in str(caught.value)


def test_a_forked_process_uses_a_client_of_its_own(broker: Broker) -> None:
    broker.topics.create(define_topic(name="orders"))
    parents = id(broker.store.client)

    def work() -> object:
        return [id(broker.store.client), [topic.name for topic in broker.topics.all()]]

    childs, topics = in_a_fork(work)

    assert childs != parents
    assert topics == ["orders"]
    assert id(broker.store.client) == parents
    assert len(broker.topics.all()) == 1


def test_a_forked_process_that_disconnects_leaves_the_parent_connected(broker: Broker) -> None:
    def work() -> object:
        broker.disconnect()
        return broker.is_connected

    is_connected = in_a_fork(work)

    assert not is_connected
    assert broker.topics.all() == []


def test_it_can_be_imported_and_used_without_django(broker_config: BrokerConfig) -> None:
    program = """
import sys
from cqrs.broker import Broker, define_broker, define_topic
with Broker(define_broker()) as broker:
    broker.topics.create(define_topic(name="orders"))
    print(*[topic.name for topic in broker.topics.all()], *sorted({"django", "psycopg"} & set(sys.modules)))
"""
    environment = {
        "PATH": os.environ["PATH"],
        "MONGODB_BROKER_URI": broker_config.mongo_uri,
        "MONGODB_BROKER_DATABASE": broker_config.database,
    }

    output = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, env=environment, text=True)

    assert output.split() == ["orders"]
