"""What keeps somebody out."""

from cqrs.web.errors import Conflict, Unauthorized


class NotSignedIn(Unauthorized):
    """The request carries no token, or one that does not hold any more (401)."""

    def __init__(self) -> None:
        super().__init__("Sign in first: send the token as a cookie or as Authorization: Bearer.")


class WrongCredentials(Unauthorized):
    """There is no account with this address and password (401)."""

    def __init__(self) -> None:
        super().__init__("There is no account with this address and password.")


class AddressTaken(Conflict):
    """There is an account with this address already (409)."""

    def __init__(self) -> None:
        super().__init__("There is an account with this address already.")
