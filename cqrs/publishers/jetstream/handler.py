"""What handles an event: a function, by itself or within a transaction that it is given."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.interceptor import ListenerInterceptor

Handler = Callable[[IncomingEvent], None]
Session = TypeVar("Session")


class InTransaction(msgspec.Struct, Generic[Session], frozen=True, kw_only=True):
    """A handler whose effect is one transaction, which interceptors may add to.

    `transact` calls what it is given with a session, perhaps several times, and returns when the last of these calls is
    committed; `handle` takes effect through that session only.
    """

    handle: Callable[[IncomingEvent, Session], None]
    transact: Callable[[Callable[[Session], None]], None]

    def __call__(self, event: IncomingEvent) -> None:
        """Handle the event in a transaction. Raises what `handle` and `transact` raise."""
        self.transact(lambda session: self.handle(event, session))


def intercepted(
    handler: Handler | InTransaction[Any], service: str, interceptors: Sequence[ListenerInterceptor]
) -> Handler:
    """Return the service's handler with what the interceptors do after it; without any, the handler itself."""
    if not interceptors:
        return handler

    def handle(event: IncomingEvent, session: Any) -> None:
        if isinstance(handler, InTransaction):
            handler.handle(event, session)
        else:
            handler(event)
        for interceptor in interceptors:
            interceptor.after_handling(event, service, session)

    if isinstance(handler, InTransaction):
        return InTransaction(handle=handle, transact=handler.transact)
    return lambda event: handle(event, None)
