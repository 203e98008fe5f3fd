"""The classroom: hears of purchases, enrols students, and says who is enrolled in what."""

from uuid import UUID

import pymongo
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker import ConsumerRecord
from cqrs.broker.mongodb import translated
from cqrs.clock import now
from cqrs.opened import Opened
from services.classroom.broker_client.consumers import classroom_consumer_value
from services.classroom.enrolment import Course, Document, Enrolment, from_document, to_document

ENROLMENTS = "enrolments"
# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.0


class Classroom:
    """Keeps enrolments in `database`."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def enrol(self, record: ConsumerRecord, session: ClientSession) -> None:
        """Enrol who has bought, in the transaction that moves the group's position behind the record.

        A purchase that is heard of again, as a dead letter or after a reset of the group, changes nothing.
        """
        purchase = classroom_consumer_value(record)
        course = Course(id=purchase.product.id, title=purchase.product.title, slug=purchase.product.slug)
        enrolment = Enrolment(id=purchase.purchase_id, student=purchase.customer.id, course=course, enrolled_at=now())
        document = to_document(enrolment)
        # The session belongs to the broker's client, and so does whatever it is used for.
        enrolments = session.client[self._database.name][ENROLMENTS]
        enrolments.update_one({"_id": document["_id"]}, {"$setOnInsert": document}, upsert=True, session=session)

    def enrolments_of(self, student: str, *, limit: int, before: UUID | None = None) -> list[Enrolment]:
        """Return at most `limit` enrolments of a student, newest first, from before that id on. Raises Unavailable."""
        wanted: Document = {"student": {"$eq": student}}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        with translated(), pymongo.timeout(PATIENCE):
            found = self._database[ENROLMENTS].find(wanted).sort("_id", DESCENDING).limit(limit)
            return [from_document(document) for document in found]

    def prepare(self) -> None:
        """Create the index that lists are read from, unless it is there. Raises Unavailable."""
        with translated():
            self._database[ENROLMENTS].create_index(
                [("student", ASCENDING), ("_id", DESCENDING)], name="of_student_newest_first"
            )


classroom: Opened[Classroom] = Opened("classroom")
