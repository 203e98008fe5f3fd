"""Calling the handler: with one record or several, alone or in the transaction in which their offset is committed."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from copy import deepcopy
from typing import Any

import msgspec
from pymongo.client_session import ClientSession

from cqrs.broker import dead_letters, positions
from cqrs.broker.dead_letters import DeadLetter
from cqrs.broker.errors import HandlerEnded, HandlerTooSlow, InvalidPayload
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.message import ConsumerRecord
from cqrs.broker.mongodb import translated
from cqrs.broker.payloads import WrongShape, from_json
from cqrs.broker.positions import Claim
from cqrs.broker.store import Store
from cqrs.broker.transaction import in_transaction

# MongoDB ends transactions that take longer than a minute, and so should a handler within one.
TRANSACTION_SECONDS = 60.0
# A handler may pause within its transaction; see `in_transaction`.
OF_HANDLERS = "majority"

Handler = Callable[..., Any]
# Gives records as they are stored: each attempt gets its own, since a handler may change what it is given.
Records = Callable[[], Sequence[ConsumerRecord]]


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """How a consumer wants its records handled.

    Raises what the handler and the interceptors raise, and Unavailable where one of them could not reach MongoDB.
    """

    handler: Handler
    group: str
    payload: Any | None
    batch: bool
    transactional: bool
    interceptors: tuple[Interceptor, ...]

    def handle(self, store: Store, claim: Claim, records: Records) -> None:
        """Have records of one partition handled; they are asked for anew where the transaction is repeated.

        Raises Fenced where that was to be committed and may not.
        """
        if not self.transactional:
            self._call(records(), None)
            return

        def work(session: ClientSession) -> None:
            given = records()
            # The answer to an earlier commit may have been lost: then this has been done.
            if positions.committed(store, claim, session=session) <= given[0].offset:
                self._call(given, session)
                positions.commit(store, claim, given[-1].offset + 1, session=session)

        in_transaction(store, work, seconds=TRANSACTION_SECONDS, read_concern=OF_HANDLERS)

    def handle_again(self, store: Store, claim: Claim, letter: DeadLetter) -> None:
        """Have a dead letter handled and take it out. Raises Fenced."""
        if not self.transactional:
            self._call([deepcopy(letter.record)], None)

        def work(session: ClientSession) -> None:
            if self.transactional and dead_letters.is_to_retry(store, letter, session=session):
                self._call([deepcopy(letter.record)], session)
            dead_letters.settle(store, claim, letter, session=session)

        in_transaction(store, work, seconds=TRANSACTION_SECONDS, read_concern=OF_HANDLERS)

    def _call(self, records: Sequence[ConsumerRecord], session: ClientSession | None) -> None:
        given = records
        if self.payload is not None:
            given = [_typed(record, index, self.payload) for index, record in enumerate(records)]
        # The transaction looks at the labels of the driver's errors itself.
        with translated() if session is None else nullcontext():
            self._run(given, () if session is None else (session,))
            for interceptor in self.interceptors:
                interceptor.after_handling(records, self.group, session)

    def _run(self, given: Sequence[ConsumerRecord], session: tuple[ClientSession, ...]) -> None:
        began = time.monotonic()
        try:
            # A list of its own: what becomes of it is the handler's affair.
            self.handler(list(given) if self.batch else given[0], *session)
        except Exception as error:
            _require_in_time(began, session, error)
            raise
        except BaseException as error:
            # It would end the thread, and the record would come again and again without a word.
            raise HandlerEnded(type(error).__name__) from error

        _require_in_time(began, session, None)


def _require_in_time(began: float, session: tuple[ClientSession, ...], error: Exception | None) -> None:
    """Raise HandlerTooSlow where MongoDB has ended the transaction meanwhile: it would say that it is not available."""
    took = time.monotonic() - began
    if session and took >= TRANSACTION_SECONDS:
        raise HandlerTooSlow(took) from error


def _typed(record: ConsumerRecord, index: int, payload: Any) -> ConsumerRecord:
    try:
        value = from_json(record.message.value, payload)
    except WrongShape as error:
        raise InvalidPayload(index, str(error)) from error
    message = msgspec.structs.replace(record.message, value=value)
    return msgspec.structs.replace(record, message=message)
