"""What can go wrong with webhooks."""

from cqrs.errors import CqrsError, RecordError, Unavailable

STORE = "webhook"


class InvalidSecret(CqrsError):
    """A signing secret is not `whsec_` and 24 to 64 bytes in base64."""

    def __init__(self) -> None:
        super().__init__("a signing secret is whsec_ and 24 to 64 bytes in base64")


class Undelivered(Unavailable):
    """The receiver cannot be reached or does not take anything now; `reason` says how that shows.

    `status` is what it answered, if it did; `retry_after` what it asks for in seconds, 0 where it asks for nothing.
    """

    def __init__(self, reason: str, *, status: int | None = None, retry_after: float = 0.0) -> None:
        super().__init__(STORE, retry_after=retry_after)
        self.reason = reason
        self.status = status


class AddressRefused(Undelivered):
    """The receiver's name leads to no address that may be connected to; `addresses` are those that it leads to."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__("the address is not allowed")
        self.addresses = addresses


class MessageRefused(RecordError):
    """The receiver answered that it does not take this message: with `status`, a 4xx."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the receiver answered {status}")
