"""The users' projection, as the commands that need both stores see it."""

from collections.abc import Sequence
from typing import cast

from cqrs.management.projections import Document, Documents, Fresh, Mending, Projection, Refusal, Row, Rows
from cqrs.messages import Recorded
from cqrs_project.projector import SUBSCRIPTION, users_application
from users_command.events import AGGREGATE_TYPE, UserStateChanged
from users_command.stored_rows import row_after, rows_after
from users_query import comparison
from users_query.fresh_collection import clear_fresh_collections, create_fresh_collection
from users_query.projection import UserProjection
from users_query.saga import PROJECT_USERS


def users_projection() -> Projection:
    """Return what the commands have to know of the users' projection."""
    application = users_application(UserProjection())

    def expected_document(event: Recorded) -> Document:
        (command,) = PROJECT_USERS.react(application.decode(event))
        return comparison.document_after(command)

    def expected_row(event: Recorded) -> Row:
        return row_after(cast(UserStateChanged, application.decode(event)))

    return Projection(
        name=SUBSCRIPTION,
        aggregate_type=AGGREGATE_TYPE,
        handle=application.drive,
        begin=_begin,
        clear=clear_fresh_collections,
        documents=Documents(
            page=comparison.documents_after,
            strangers=comparison.documents_without_uuid,
            find=comparison.find_documents,
            expected=expected_document,
            incidental=comparison.INCIDENTAL,
            mend=_mend,
        ),
        rows=Rows(page=rows_after, expected=expected_row),
    )


def _begin(stamp: str) -> Fresh:
    collection = create_fresh_collection(stamp)
    projection = UserProjection(collection.documents)
    return Fresh(
        name=collection.name,
        fill=users_application(projection, confirm=False).drive,
        fill_and_confirm=users_application(projection).drive,
        take_place=collection.take_place,
        drop=collection.drop,
    )


def _mend(mendings: Sequence[Mending]) -> list[Refusal]:
    refused = comparison.mend_documents([(mending.wanted, mending.found) for mending in mendings])
    return [Refusal(id=user_id, cause=cause) for user_id, cause in refused.items()]
