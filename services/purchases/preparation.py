"""What has to be in MongoDB before the first purchase."""

from pymongo.database import Database

from cqrs.broker import Broker
from cqrs.broker.mongodb import translated
from cqrs.web.answered_requests import AnsweredRequests
from services.purchases.broker_client import topics
from services.purchases.purchase import Document
from services.purchases.shop import REQUESTS


def prepare(database: Database[Document], broker: Broker) -> None:
    """Create the topics of the working files and the index that lets requests expire; what is there stays as it is.

    `broker` has to be connected. Raises Unavailable, InvalidConfiguration.
    """
    for topic in topics.DEFINED:
        broker.topics.create(topic)
    with translated():
        AnsweredRequests(database[REQUESTS]).prepare()
