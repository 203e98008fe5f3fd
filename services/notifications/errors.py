"""What can go wrong with alerts and their delivery."""

from cqrs.errors import RecordError, Unavailable
from cqrs.web.errors import Conflict

PROVIDER = "alert-provider"


class AlertContradicted(Conflict):
    """An alert of this sensor and time is kept with another value (409)."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__("There is an alert of this sensor and time with another value.")


class AlreadySent(Conflict):
    """An alert that was delivered is not delivered again (409)."""

    def __init__(self) -> None:
        super().__init__("The alert was delivered already.")


class ProviderRefused(RecordError):
    """The provider answered that it does not take this notification: with `status`, a 4xx."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the provider answered {status}")


class ProviderUnavailable(Unavailable):
    """The provider cannot be reached or does not take anything now; `reason` says how that shows."""

    def __init__(self, reason: str, *, retry_after: float = 1.0) -> None:
        super().__init__(PROVIDER, retry_after=retry_after)
        self.reason = reason


class ProviderLeftAlone(ProviderUnavailable):
    """The provider did not work a moment ago and is not asked again yet."""

    def __init__(self, seconds: float) -> None:
        super().__init__("the provider is left alone for a while", retry_after=seconds)
