"""What the ticket office refuses."""

from uuid import UUID

from cqrs.web.errors import Conflict, Forbidden, NotFound


class NoSuchTicket(NotFound):
    """There is no ticket with this id (404)."""

    def __init__(self, ticket_id: UUID) -> None:
        self.ticket_id = ticket_id
        super().__init__("There is no such ticket.")


class NotTheOwner(Forbidden):
    """Only who has offered a ticket may change it (403)."""

    def __init__(self, ticket_id: UUID) -> None:
        self.ticket_id = ticket_id
        super().__init__("Only its owner may change a ticket.")


class OtherVersion(Conflict):
    """The body names a version that is not the current one (409)."""

    def __init__(self, actual: int) -> None:
        self.actual = actual
        super().__init__(f"The ticket is at version {actual} now.")
