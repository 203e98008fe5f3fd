"""Interceptors: code that learns of the events that a listener's handler has handled, within its transaction."""

from typing import Any

from cqrs.publishers.jetstream.incoming_event import IncomingEvent


class ListenerInterceptor:
    """Does nothing by itself: a subclass says what happens. All methods may run in any thread."""

    def after_handling(self, event: IncomingEvent, service: str, session: Any) -> None:
        """The service's handler has succeeded: with the session of its transaction, or None where it has none.

        What is written through the session stands and falls with the transaction; it may run again where that is
        repeated, and what it raises aborts it. Without one it should neither wait nor raise: that would count as a
        failure of the handler, whose effect is there already. An event that is delivered again comes again.
        """

    def close(self) -> None:
        """The listener has stopped, nothing is handled any more: what was put off should be done now."""
