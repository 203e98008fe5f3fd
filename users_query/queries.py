"""The questions that the read side answers, each from one index."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import pymongo
from pymongo import DESCENDING
from pymongo.errors import OperationFailure

from cqrs.messages import Query
from users_query.documents import COLLECTION, LIVE
from users_query.mongodb import REPLACED, Documents, database, translated

T = TypeVar("T")

Document = dict[str, Any]
NEWEST_FIRST = [("_id", DESCENDING)]
# Seconds. Each query reads an index, so one that takes longer is not answered soon: whoever asks is told so instead.
PATIENCE = 2.0


class ListUsers(Query, frozen=True, kw_only=True):
    """The newest users, narrowed by equality; `before` is the last id of the page before."""

    limit: int
    before: UUID | None = None
    seed: str | None = None
    app_id: str | None = None
    nat: str | None = None
    gender: str | None = None
    email: str | None = None


class FindUserByEmail(Query, frozen=True, kw_only=True):
    """The newest user with this address, in one run or in all."""

    email: str
    seed: str | None = None


class FindUser(Query, frozen=True, kw_only=True):
    """One user by its id."""

    user_id: UUID


def list_users(query: ListUsers) -> list[Document]:
    """Return at most `limit` documents, newest first. Raises Unavailable."""
    page = _users().find(list_filter(query), {"deleted": 0}).sort(NEWEST_FIRST).limit(query.limit)
    # In one reply, so that no second one finds the collection replaced.
    return _answer(lambda: list(page.clone().batch_size(query.limit)))


def find_user_by_email(query: FindUserByEmail) -> Document | None:
    """Return the document, None where there is none. Raises Unavailable."""
    return _answer(lambda: _users().find_one(email_filter(query), {"deleted": 0}, sort=NEWEST_FIRST))


def find_user(query: FindUser) -> Document | None:
    """Return the document, None where there is none or only a tombstone. Raises Unavailable."""
    return _answer(lambda: _users().find_one({"_id": query.user_id, **LIVE}, {"deleted": 0}))


def list_filter(query: ListUsers) -> Document:
    """Return the filter of a list, as MongoDB takes it."""
    fields = {
        "seed": query.seed,
        "appId": query.app_id,
        "nat": query.nat,
        "gender": query.gender,
        "email": query.email,
    }
    wanted: Document = {name: {"$eq": value} for name, value in fields.items() if value is not None}
    if query.before is not None:
        wanted["_id"] = {"$lt": query.before}
    return {**LIVE, **wanted}


def email_filter(query: FindUserByEmail) -> Document:
    """Return the filter of a search by address, as MongoDB takes it."""
    wanted: Document = {"email": {"$eq": query.email}}
    if query.seed is not None:
        wanted["seed"] = {"$eq": query.seed}
    return {**LIVE, **wanted}


def _answer(ask: Callable[[], T]) -> T:
    with translated(), pymongo.timeout(PATIENCE):
        try:
            return ask()
        except OperationFailure as error:
            if error.code != REPLACED:
                raise
            return ask()


def _users() -> Documents:
    return database()[COLLECTION]
