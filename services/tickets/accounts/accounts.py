"""Accounts: an address, and the hash of a password."""

from typing import Annotated, Any

import msgspec
import pymongo
from django.contrib.auth.hashers import check_password, make_password
from msgspec import Meta
from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from cqrs.broker.mongodb import translated
from cqrs.clock import now
from cqrs.opened import Opened
from cqrs.uuid7 import new_uuid7
from services.tickets.accounts.errors import AddressTaken, WrongCredentials
from services.tickets.accounts.token import Tokens, User

COLLECTION = "accounts"
PATIENCE = 2.5

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$", examples=["ada@example.org"])]
Password = Annotated[str, Meta(min_length=8, max_length=128, examples=["correct horse"])]


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody signs up and signs in with."""

    email: Email
    password: Password

    def __repr__(self) -> str:
        """Without the password."""
        return f"Credentials(email={self.email!r})"


class Accounts:
    """Keeps accounts in `database`; `tokens` are what those who are signed in carry."""

    def __init__(self, database: Database[dict[str, Any]], tokens: Tokens) -> None:
        self._accounts = database[COLLECTION]
        self.tokens = tokens

    def sign_up(self, credentials: Credentials) -> User:
        """Open an account. Raises AddressTaken, Unavailable."""
        user = User(user_id=new_uuid7(), email=_plain(credentials.email))
        document = {
            "_id": user.user_id,
            "email": user.email,
            "passwordHash": make_password(credentials.password),
            "createdAt": now(),
        }
        try:
            with translated(), pymongo.timeout(PATIENCE):
                self._accounts.insert_one(document)
        except DuplicateKeyError as error:
            raise AddressTaken from error
        return user

    def sign_in(self, credentials: Credentials) -> User:
        """Return whose account it is. Raises WrongCredentials, Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            account = self._accounts.find_one({"email": _plain(credentials.email)})
        if account is None:
            # As long as it takes where there is an account: who asks is not to learn which addresses there are.
            make_password(credentials.password)
            raise WrongCredentials
        if not check_password(credentials.password, account["passwordHash"]):
            raise WrongCredentials
        return User(user_id=account["_id"], email=account["email"])

    def prepare(self) -> None:
        """Create the index that keeps addresses apart, unless it is there. Raises Unavailable."""
        with translated():
            self._accounts.create_index([("email", ASCENDING)], name="address", unique=True)


accounts: Opened[Accounts] = Opened("accounts")


def _plain(email: str) -> str:
    return email.strip().casefold()
