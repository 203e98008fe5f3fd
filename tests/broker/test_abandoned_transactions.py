"""Members killed or frozen while they commit: the locks that they leave behind stop others for seconds only."""

import logging
from collections.abc import Callable, Iterator

import pytest

from cqrs.broker import Broker, BrokerConfig, Message, define_broker, define_producer
from cqrs.broker.config import LogLevel
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, committed, make_topic, send
from tests.broker.member_process import MemberProcess, members, values
from tests.broker.senders import heard, start_sender

Start = Callable[..., MemberProcess]
# Left alone, MongoDB keeps the locks for sixty seconds at least (transactionLifetimeLimitSeconds): what is done sooner
# was done by the members. It takes them five seconds or so; the rest is for a busy machine.
SOONER = 50


@pytest.fixture
def start(broker: Broker) -> Iterator[Start]:
    """Starts a member in a process of its own."""
    with members(broker) as start:
        yield start


@pytest.mark.parametrize("mode", ["killed", "frozen", "frozen-parking"])
def test_a_partition_is_taken_over_within_seconds(broker: Broker, start: Start, mode: str) -> None:
    make_topic(broker)
    victim = start("victim", mode)
    send(broker, ["first", "hang", "last"], key="one")
    victim.wait_for("committing")

    start("heir")
    wait_until(lambda: committed(broker) == [3], "the heir has handled and committed all", seconds=SOONER)

    assert set(values(broker)) == {"first", "hang", "last"}
    assert values(broker)[-2:] == ["hang", "last"]


@pytest.mark.parametrize(("level", "told"), [("INFO", ["billing"]), ("SILENT", [])])
def test_that_transactions_were_ended_is_told_in_the_log_of_the_broker_that_did(
    broker_config: BrokerConfig, level: LogLevel, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    config = define_broker(
        mongo_uri=broker_config.mongo_uri, database=broker_config.database, log_level=level, log_context="billing"
    )
    with Broker(config) as broker:
        make_topic(broker)
        process = start_sender(config, "killed", "never")
        heard(process)
        process.communicate()

        with caplog.at_level(logging.INFO):
            broker.create_producer(define_producer(topic=TOPIC)).send(Message(value="next"))

    ended = [record for record in caplog.records if record.message == "ended abandoned transactions"]
    assert [record.__dict__["broker"] for record in ended] == told
