"""What the lists take in the query string."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from cqrs.delivery.report import Missed, Wanted
from cqrs.web.cursor import CursorText, Limit

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-11-21T14:10:00Z"])]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries; windows that start from `since` on and before `until`."""

    topic: Name | None = None
    subscription: Name | None = None
    since: Moment | None = None
    until: Moment | None = None

    def wanted(self) -> Wanted:
        """Return them as the report takes them."""
        return Wanted(topic=self.topic, subscription=self.subscription, since=self.since, until=self.until)

    def of_cursor(self) -> dict[str, str | None]:
        """Return what a cursor holds for."""
        return {
            "topic": self.topic,
            "subscription": self.subscription,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


class PageOfFiltered(Filters, frozen=True, kw_only=True):
    """Which deliveries, and which page of them."""

    limit: Limit = 10
    cursor: CursorText | None = None


class WindowPage(msgspec.Struct, frozen=True):
    """Where a page of windows ends: start and topic of the last one."""

    start: datetime
    topic: str


class MissedPage(msgspec.Struct, frozen=True):
    """Where a page of missing deliveries ends: the last one."""

    last: Missed
