"""Interceptors: code that takes part in the appending and the handling of records, in the same transactions."""

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from cqrs.broker.message import ConsumerRecord


class Interceptor:
    """Does nothing by itself: a subclass says what happens. Both methods may run in any thread.

    What they write through the session stands and falls with the transaction, and they may run again where it is
    repeated. What they raise aborts it.
    """

    def before_append(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        """The records are about to be stored in the transaction of this session, with these offsets."""

    def after_handling(self, records: Sequence[ConsumerRecord], group_id: str, session: ClientSession | None) -> None:
        """A group has handled the records; with a session where their offsets are committed in its transaction."""
