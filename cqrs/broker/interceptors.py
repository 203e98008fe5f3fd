"""Interceptors: code that takes part in the appending and the handling of records, in the same transactions."""

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from cqrs.broker.message import ConsumerRecord, Message


class Interceptor:
    """Does nothing by itself: a subclass says what happens. All methods may run in any thread.

    What they write through the session stands and falls with the transaction, and they may run again where it is
    repeated. What they raise aborts it.
    """

    def before_append(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        """The records are about to be stored in the transaction of this session, with these offsets."""

    def after_failing(self, topic: str, messages: Sequence[Message], error: Exception) -> None:
        """A call that sent these messages in a transaction of its own has failed; the caller is about to get `error`.

        After Unavailable they may have been stored all the same. It should neither wait nor raise.
        """

    def after_handling(self, records: Sequence[ConsumerRecord], group_id: str, session: ClientSession | None) -> None:
        """A group has handled the records; with a session where their offsets are committed in its transaction."""

    def close(self) -> None:
        """The broker disconnects, its consumers have ended: what was put off should be done now."""
