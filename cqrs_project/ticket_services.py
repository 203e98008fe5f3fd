"""Tickets and orders, put together: tickets are stored with their events, orders hear of them by NATS."""

from collections.abc import Sequence
from functools import partial

from django.conf import settings

from cqrs.management.workers import register_worker
from cqrs.outbox import Outbox
from cqrs.outbox.api.problems import register_outbox_problems
from cqrs.outbox.figures import measure, oldest_seconds
from cqrs.outbox.registry import RegisteredOutbox, register_outbox
from cqrs.outbox.webhook import ParkedEventWebhook
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Publisher
from cqrs.web.metrics import Readings, register_gauge
from cqrs.worker import Worker
from cqrs_project.listening import Listening, register_listener_gauges
from cqrs_project.nats import jetstream
from cqrs_project.nats_tracking import interceptors, new_publisher, record_failed, registration
from cqrs_project.sensor_services import NewBroker
from services.orders.ticket_view import CONSUMER, TicketView, ticket_view
from services.tickets.accounts.accounts import Accounts, accounts
from services.tickets.accounts.token import Tokens
from services.tickets.events import SUBJECT
from services.tickets.office import TicketOffice, office
from users_query import mongodb

OUTBOX = "tickets"
RELAY = "tickets-relay"
RETRY = "tickets-retry"
ORDERS = "orders"
# Each waits for the disk at its commit most of the time, and those that wait together share a flush.
ORDERS_HANDLERS = 32


def open_tickets(_: NewBroker) -> None:
    """Give the service of this process its stores and register its workers. Reaches no store."""
    environment = settings.ENVIRONMENT
    office.open(_office())
    accounts.open(_accounts())
    tell = None if environment.operators is None else ParkedEventWebhook(environment.operators)
    outbox = RegisteredOutbox(
        name=OUTBOX, outbox=office().outbox, publisher=_publisher, tell=tell, giving_up=_giving_up
    )
    register_outbox(outbox)
    register_outbox_problems()
    register_worker(RELAY, partial(_relay, outbox))
    register_worker(RETRY, partial(_retry, outbox))


def prepare_tickets(_: NewBroker) -> None:
    """Create the collections and indexes that are missing. Raises Unavailable."""
    _office().prepare()
    _accounts().prepare()


def open_orders(_: NewBroker) -> None:
    """Give the service of this process its stores and register its worker. Reaches no store."""
    ticket_view.open(TicketView(mongodb.database()))
    register_worker(ORDERS, _orders)


def prepare_orders(_: NewBroker) -> None:
    """Create what is missing. Raises Unavailable."""
    TicketView(mongodb.database()).prepare()


def _office() -> TicketOffice:
    return TicketOffice(mongodb.database(), Outbox(mongodb.database()))


def _accounts() -> Accounts:
    environment = settings.ENVIRONMENT
    return Accounts(mongodb.database(), Tokens(environment.jwt_key, seconds=environment.jwt_seconds))


def _publisher() -> Publisher:
    return new_publisher(jetstream())


def _giving_up(events: Sequence[OutgoingEvent]) -> None:
    record_failed(jetstream(), events)


def _register_figures(registered: RegisteredOutbox) -> None:
    """Measure at each scrape what waits in an outbox. Raises ValueError where that is registered already."""
    register_gauge(
        "cqrs_outbox_events",
        "Events that are not published yet: all of them, those that have failed, those that were given up.",
        partial(_numbers, registered),
        labels=("outbox", "which"),
    )
    register_gauge(
        "cqrs_outbox_oldest_event_seconds",
        "Age of the oldest event that is not published yet.",
        lambda: {(registered.name,): oldest_seconds(registered.outbox.queue)},
        labels=("outbox",),
    )


def _numbers(registered: RegisteredOutbox) -> Readings:
    figures = measure(registered.outbox.queue)
    numbers = {"waiting": figures.waiting, "failing": figures.failing, "parked": figures.parked}
    return {(registered.name, which): float(number) for which, number in numbers.items()}


def _relay(registered: RegisteredOutbox) -> Worker:
    _register_figures(registered)
    return Worker(RELAY, registered.relay())


def _retry(registered: RegisteredOutbox) -> Worker:
    return Worker(RETRY, registered.retry_job())


def _orders() -> Worker:
    listener = define_listener(
        service=CONSUMER, jetstream=jetstream(), subjects=(f"{SUBJECT}.*",), handlers=ORDERS_HANDLERS
    )
    hearing = Listener(listener, ticket_view().hear, interceptors(listener.jetstream))
    listening = Listening(CONSUMER, hearing, registration(listener))
    register_listener_gauges(listening)
    return Worker(ORDERS, listening)
