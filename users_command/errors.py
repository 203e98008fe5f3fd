"""What the write side of users refuses."""

from uuid import UUID

from cqrs.errors import CqrsError


class UserNotFound(CqrsError):
    """There is no such user, or no more."""

    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id
        super().__init__(f"There is no user {user_id}.")


class UserDeleted(CqrsError):
    """A user with this login existed in this run and was deleted; it does not come back."""

    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id
        super().__init__(f"The user with this login was deleted in this run; it was {user_id}.")


class StaleUser(CqrsError):
    """The user has another version than those that a change allows."""

    def __init__(self, user_id: UUID, *, actual: int) -> None:
        self.user_id = user_id
        self.actual = actual
        super().__init__(f"User {user_id} is at version {actual}, which If-Match does not name.")


class LoginIsPermanent(CqrsError):
    """The login's uuid names the user within its run and cannot be changed."""

    def __init__(self) -> None:
        super().__init__("login.uuid names the user within its run and cannot be changed")
