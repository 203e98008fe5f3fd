"""Delivery tracking, put together: the services' brokers are tracked, and a scheduler counts."""

from collections.abc import Sequence
from functools import partial

from django.conf import settings

from cqrs.broker import Interceptor
from cqrs.broker.positions import establish
from cqrs.delivery.figures import newest_rates, overdue_seconds
from cqrs.delivery.notice_webhook import NoticeWebhook
from cqrs.delivery.notices import Notices
from cqrs.delivery.report import Report
from cqrs.delivery.scheduler import Scheduler
from cqrs.delivery.tracking import Tracking
from cqrs.delivery.window import Windowing
from cqrs.management.workers import register_worker
from cqrs.web.metrics import register_gauge
from cqrs.worker import Worker
from cqrs_project.consuming import Consuming, register_consumer_lag
from cqrs_project.following import Together
from cqrs_project.ledger import ledger
from cqrs_project.sensor_services import NewBroker
from services.delivery import topic
from services.delivery.demo import DemoSwitch, Mailing, count, demo_switch
from services.delivery.missed_mail import MissedMail, missed_mail
from services.delivery.rules import DeliveryRules, delivery_rules
from services.delivery.users import Users, users
from services.delivery.views import report
from users_query import mongodb

SCHEDULER = "delivery-scheduler"
DEMO = "delivery-demo"


class Demonstration(Together):
    """The subscriptions of the demonstration; in the end none is slow any more."""

    def __init__(self, receiving: Sequence[Consuming], mailing: Mailing) -> None:
        super().__init__(receiving)
        self._mailing = mailing

    def close(self) -> None:
        """End all of them."""
        self._mailing.stop()
        super().close()


def tracking() -> Sequence[Interceptor]:
    """Return what records the messages of a broker; nothing where that is switched off."""
    environment = settings.ENVIRONMENT
    if not environment.delivery.tracking:
        return ()
    return (Tracking(ledger(), broker_database=environment.mongodb_broker_database),)


def open_delivery(new_broker: NewBroker) -> None:
    """Give the service of this process its stores and register its workers. Reaches no store."""
    report.open(Report(ledger()))
    demo_switch.open(DemoSwitch(mongodb.database()))
    delivery_rules.open(_rules())
    broker = new_broker(topic.broker)
    users.open(Users(broker, mongodb.database()))
    missed_mail.open(MissedMail(broker))
    register_worker(SCHEDULER, _scheduler)
    register_worker(DEMO, partial(_demo, new_broker))


def prepare_delivery(new_broker: NewBroker) -> None:
    """Create what is missing of the topic, its two subscriptions and the index. Raises Unavailable.

    Both subscriptions expect what is published from then on, whether or not their worker has ever run.
    """
    with new_broker(topic.broker) as broker:
        Users(broker, mongodb.database()).prepare()
        broker.topics.create(topic.topic)
        for reader in (topic.mailing, topic.counting):
            establish(
                broker.store,
                group=reader.group_id,
                topic=reader.topic,
                from_beginning=reader.from_beginning,
                on_remade=reader.on_purged,
            )


def _scheduler() -> Worker:
    environment = settings.ENVIRONMENT
    _register_figures(environment.delivery.windowing)
    tell = None if environment.operators is None else NoticeWebhook(environment.operators)
    notices = Notices(ledger(), environment.delivery.thresholds, tell)
    return Worker(SCHEDULER, Scheduler(ledger(), notices, environment.delivery.windowing))


def _register_figures(windowing: Windowing) -> None:
    """Measure at each scrape how deliveries are doing. Raises ValueError where that is registered already."""
    register_gauge(
        "cqrs_delivery_rate",
        "Completion rate of the newest window in which something was expected.",
        lambda: {(topic,): rate for topic, rate in newest_rates(ledger()).items()},
        labels=("topic",),
    )
    register_gauge(
        "cqrs_delivery_overdue_seconds",
        "For how long the next window could have been counted.",
        lambda: overdue_seconds(ledger(), windowing),
    )


def _rules() -> DeliveryRules:
    counted = settings.ENVIRONMENT.delivery
    return DeliveryRules(
        tracked=counted.tracking,
        window_seconds=counted.windowing.size / 1000,
        grace_seconds=counted.windowing.grace / 1000,
        threshold=counted.thresholds.of_others,
        thresholds=dict(counted.thresholds.of_topic),
    )


def _demo(new_broker: NewBroker) -> Worker:
    mailing = Mailing(demo_switch())
    receiving = [
        Consuming(new_broker(topic.broker), topic.mailing, mailing.receive),
        Consuming(new_broker(topic.broker), topic.counting, count),
    ]
    register_consumer_lag(*receiving)
    return Worker(DEMO, Demonstration(receiving, mailing))
